internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// What `--by` sorts into.
enum UsageOrder: String, ExpressibleByArgument, CaseIterable {
    case age
    case owner
    case type
}

/// What `usage` reports besides totals.
struct UsageListOptions: ParsableArguments {
    @Option(help: ArgumentHelp("List the n largest files and directories.", valueName: "n"))
    var top: Int?

    @Option(help: ArgumentHelp("Sort what was found by age, owner or type. Repeatable.", valueName: "what"))
    var by: [UsageOrder] = []

    @Flag(help: "Count files by the power of two of their size.")
    var histogram = false

    @Option(help: ArgumentHelp("Show the directories of so many levels, each with what is in it.", valueName: "n"))
    var depth: Int?

    @Flag(help: "Find files of the same content.")
    var duplicates = false

    @Option(
        name: .customLong("min-size"),
        help: ArgumentHelp("Compare files of at least this size only. Default: 4KiB.", valueName: "size"))
    var minSize: String?

    @Option(
        help: ArgumentHelp(
            "Show ids of owners as in this user namespace, as INSIDE:OUTSIDE:COUNT. Default: what the engine says.",
            valueName: "map"))
    var userns: String?

    @Flag(help: "Rank and show apparent sizes, not blocks.")
    var apparent = false

    @Flag(help: "Add a last row or object, named 'total', for all sources together.")
    var total = false

    func validate() throws {
        if let top, !(1...1_000_000).contains(top) { throw ValidationError("--top is 1 to 1000000.") }
        if let depth, !(1...1000).contains(depth) { throw ValidationError("--depth is 1 to 1000.") }
        if minSize != nil && !duplicates { throw ValidationError("--min-size goes with --duplicates.") }
        if userns != nil && !by.contains(.owner) { throw ValidationError("--userns goes with --by owner.") }
    }

    /// How many lists are asked for.
    var count: Int {
        (top != nil && depth == nil ? 1 : 0) + Set(by).count + (histogram ? 1 : 0) + (depth != nil ? 1 : 0)
            + (duplicates ? 1 : 0)
    }

    func parse() throws(StorageError) -> UsageLists {
        var lists = UsageLists()
        lists.top = top
        lists.groupings = UsageGrouping.allCases.filter { grouping in
            by.contains { $0.rawValue == grouping.rawValue } || grouping == .size && histogram
        }
        lists.depth = depth
        lists.usesApparentSize = apparent
        lists.hasTotal = total
        if let userns { lists.mapping = try IdentityMapping(userns) }
        if duplicates {
            guard let size = ByteCount(parsing: minSize ?? "4KiB") else {
                throw StorageError(
                    .invalidInput, object: minSize ?? "",
                    "--min-size '\((minSize ?? "").printable(limit: 40))' is not a size",
                    hint: "write it as in 4096, 64k or 1MiB")
            }
            lists.duplicatesFromBytes = size.bytes
        }
        return lists
    }
}

/// What `usage` reports besides totals, parsed.
struct UsageLists {
    var top: Int?
    var groupings: [UsageGrouping] = []
    var depth: Int?
    var duplicatesFromBytes: UInt64?
    var mapping: IdentityMapping?
    var usesApparentSize = false
    var hasTotal = false

    var needsTree: Bool { top != nil || depth != nil || !groupings.isEmpty || duplicatesFromBytes != nil }
}

/// How `usage` scans.
struct UsageScanOptions: ParsableArguments {
    @Flag(name: .customLong("cross-file-systems"), help: "Count what is mounted below a source too.")
    var crossFileSystems = false

    @Flag(help: "Say how much of the data is shared by reflinks (FIEMAP); opens every file.")
    var extents = false

    @Option(
        name: .customLong("io-budget"),
        help: ArgumentHelp("So many system calls a second at most.", valueName: "n"))
    var ioBudget: Int?

    @Option(
        name: .customLong("max-time"),
        help: ArgumentHelp("Stop after this time, as 30s or 10m, with what there is.", valueName: "span"))
    var maxTime: String?

    @Option(
        name: .customLong("max-age"),
        help: ArgumentHelp("Answer with the last scan of the history if it is no older, as 15m.", valueName: "span"))
    var maxAge: String?

    func validate() throws {
        if maxAge != nil && (extents || crossFileSystems) {
            throw ValidationError("--max-age does not go with --extents or --cross-file-systems.")
        }
        if let ioBudget, ioBudget < 1 { throw ValidationError("--io-budget is at least 1.") }
    }

    func apply(to request: inout UsageRequest) throws(StorageError) {
        request.crossesFileSystems = crossFileSystems
        request.readsExtents = extents
        request.callsPerSecond = ioBudget
        request.limitSeconds = try maxTime.map { text throws(StorageError) in
            Double(try TimeSpan(text, of: "--max-time", as: Self.spans).seconds)
        }
    }

    /// How old a remembered scan may be; `nil` for none.
    func rememberedSpan() throws(StorageError) -> TimeSpan? {
        try maxAge.map { text throws(StorageError) in try TimeSpan(text, of: "--max-age", as: Self.spans) }
    }

    private static let spans = "30s, 10m or 1h"
}

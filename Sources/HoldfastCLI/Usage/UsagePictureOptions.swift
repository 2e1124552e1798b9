internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// Files that a scan is written to besides what is printed, and the history.
struct UsagePictureOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write a page with a treemap, history and tables: one file, without network; - is standard output.",
            valueName: "file"), completion: .file())
    var html: String?

    @Option(
        help: ArgumentHelp("Write a treemap; - is standard output.", valueName: "file"), completion: .file())
    var svg: String?

    @Option(
        help: ArgumentHelp(
            "Write metrics for the textfile collector of node_exporter, as DIR/holdfast.prom; - is standard output.",
            valueName: "file"), completion: .file())
    var openmetrics: String?

    @Flag(name: .customLong("color-by-age"), help: "Colour the treemap of --svg by age instead of kind.")
    var colorByAge = false

    @Flag(name: .customLong("no-history"), help: "Do not add the scan to the history.")
    var noHistory = false

    /// Whether scans must keep every entry. The history keeps the largest directories of those that do.
    var needsTree: Bool { html != nil || svg != nil }

    /// Whether a file takes standard output, so that nothing else may be printed there.
    var takesOutput: Bool { [html, svg, openmetrics].contains("-") }

    func validate() throws {
        if [html, svg, openmetrics].count(where: { $0 == "-" }) > 1 {
            throw ValidationError("Only one of --html, --svg and --openmetrics can take standard output.")
        }
        if let openmetrics, openmetrics != "-", !openmetrics.hasSuffix(".prom") {
            throw ValidationError("--openmetrics names a file that ends in .prom: the collector reads no other.")
        }
    }

    /// What the files are made of besides the scans.
    struct Background {
        /// `nil` where there is none: then there is no history.
        var store: Store?
        /// Whether the scans belong into the history and stand beside it: not what is counted in another way.
        var keepsHistory = true
        /// How old sizes may be of what pruning would remove and no scan looked at.
        var reclaimableAge = TimeSpan(seconds: 3600)
    }

    /// Adds the scans to the history, then writes the files. What cannot be kept or written is told, and the rest goes on.
    func write(_ reports: [UsageReport], _ background: Background, _ console: Console) throws {
        let recorder = background.keepsHistory ? background.store : nil
        if let recorder, !noHistory { console.record(reports, in: recorder) }
        let history = recorder.map { store in console.history(of: reports.map(\.source), in: store) } ?? []
        if let html { try write(UsagePictures.page(reports, history: history), to: html, for: .owner, console) }
        if let svg { try write(UsagePictures.treemap(reports, byAge: colorByAge), to: svg, for: .owner, console) }
        guard let openmetrics else { return }
        try write(
            try metrics(reports, history: history, background, console), to: openmetrics, for: .everybody, console)
    }

    private func metrics(
        _ reports: [UsageReport], history: [UsageSeries], _ background: Background, _ console: Console
    ) throws -> String {
        let volumes = reports.compactMap { report -> VolumeName? in
            if case .volume(let name) = report.source { return name }
            return nil
        }
        // Why: of a store that no source is of nothing is said. Several files with the same metric would be an error for the
        // collector, and one for another engine's volumes is usually beside the store's own.
        guard let store = background.store, !volumes.isEmpty else {
            return UsagePictures.metrics(reports, history: history, version: HoldfastCommand.version)
        }
        let reclaimable = console.reclaimable(
            knowing: background.keepsHistory ? reports : [], within: background.reclaimableAge, in: store)
        return UsagePictures.metrics(
            reports, volumes: try details(of: volumes, in: store), history: history, reclaimable: reclaimable,
            version: HoldfastCommand.version)
    }

    /// Without those that were removed since they were scanned.
    private func details(of volumes: [VolumeName], in store: Store) throws(StorageError) -> [VolumeDetails] {
        do throws(StorageError) {
            return try store.inspect(volumes)
        } catch  where error.code == .notFound && volumes.count > 1 {
            var found: [VolumeDetails] = []
            for volume in volumes { found += try details(of: [volume], in: store) }
            return found
        } catch  where error.code == .notFound {
            return []
        }
    }

    private func write(
        _ text: String, to path: String, for audience: UsagePictures.Audience, _ console: Console
    ) throws {
        if path == "-" { return try console.print(text) }
        do throws(StorageError) {
            try UsagePictures.write(text, to: path, for: audience)
        } catch {
            try console.report(error)
        }
    }
}

import TestSupport

/// What layers mean together, computed from their entries alone, and written out by tar(1): an oracle that knows neither
/// overlayfs nor the code under test (OCI image specification, "Applying Changesets").
struct LayerModel {
    private struct Node {
        var member: TarMember
        /// Equal for the names of one file.
        var file: Int
    }

    private var nodes: [String: Node] = [:]
    private var files = 0

    init(_ layers: [[TarMember]]) { for layer in layers { apply(layer) } }

    private mutating func apply(_ layer: [TarMember]) {
        var own: [String: Node] = [:]
        for member in layer {
            let name = Self.path(member.name)
            let parent = name.contains("/") ? String(name[..<(name.lastIndex(of: "/") ?? name.startIndex)]) : ""
            let last = name.split(separator: "/").last.map(String.init) ?? ""
            if last == ".wh..wh..opq" {
                nodes = nodes.filter { !$0.key.hasPrefix(parent + "/") }
            } else if last.hasPrefix(".wh.") {
                remove((parent.isEmpty ? "" : parent + "/") + last.dropFirst(4))
            } else {
                files += 1
                let target = own[Self.path(member.link)]
                own[name] =
                    member.type == "1"
                    ? target.map { Node(member: $0.member, file: $0.file) } : Node(member: member, file: files)
            }
        }
        for (name, node) in own {
            if let below = nodes[name], below.member.type != "5" || node.member.type != "5" { remove(name) }
            nodes[name] = node
        }
    }

    private mutating func remove(_ name: String) {
        nodes = nodes.filter { $0.key != name && !$0.key.hasPrefix(name + "/") }
    }

    private static func path(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    /// Makes the tree below a directory.
    func write(to directory: String, archive: String) throws {
        var firstNames: [Int: String] = [:]
        var members: [TarMember] = []
        for (name, node) in nodes.sorted(by: { $0.key < $1.key }) {
            var member = node.member
            member.name = Array((member.type == "5" ? name + "/" : name).utf8)
            if let first = firstNames[node.file] {
                member = .hardLink(name, to: first)
            } else {
                firstNames[node.file] = name
            }
            members.append(member)
        }
        try ImageLayout.write(members, to: archive)
        try Tool.run("mkdir", "-p", directory).check()
        try Tool.run("tar", "-C", directory, "--numeric-owner", "--xattrs", "--xattrs-include=*", "-xpf", archive)
            .check()
    }
}

/// Random layers: each adds, changes, removes and hides something of those below.
struct RandomLayers {
    private var generator: SeededGenerator
    private var directories: Set<String> = ["data"]
    private var files: Set<String> = []
    private var number = 0

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func make(_ count: Int) -> [[TarMember]] { (0..<count).map { makeLayer($0) } }

    private mutating func makeLayer(_ index: Int) -> [TarMember] {
        var members: [TarMember] = index == 0 ? [stamped(.directory("data", mode: 0o1777).owned(by: 9, 9))] : []
        var fresh: [String] = []
        for _ in 0..<12 {
            number += 1
            let parent = directories.sorted().randomElement(using: &generator) ?? "data"
            let name = "\(parent)/n\(number)"
            switch Int.random(in: 0..<8, using: &generator) {
            case 0, 1:
                members.append(stamped(.directory(name, mode: 0o2750).owned(by: number, 3)))
                directories.insert(name)
            case 2: members.append(stamped(.symbolicLink(name, to: "../\(number)")))
            case 3 where !fresh.isEmpty: members.append(.hardLink(name, to: fresh[0]))
            case 4: members.append(stamped(.fifo(name)))
            case 5 where !files.isEmpty && index > 0:
                let changed = files.sorted().randomElement(using: &generator) ?? ""
                if !fresh.contains(changed) && !members.contains(where: { $0.name == Array(changed.utf8) }) {
                    members.append(stamped(.file(changed, "changed in \(index)", mode: 0o4711).owned(by: 7, number)))
                    fresh.append(changed)
                }
            default:
                members.append(stamped(.file(name, String(repeating: "x", count: number * 37)).owned(by: number, 0)))
                fresh.append(name)
            }
        }
        if index > 0 { members += hide(besides: members) }
        files.formUnion(fresh)
        return members
    }

    /// A whiteout of a directory or file, and an opaque directory, neither of them in the way of the layer's own entries.
    private mutating func hide(besides members: [TarMember]) -> [TarMember] {
        let own = members.map { String(decoding: $0.name, as: UTF8.self) }
        func isFree(_ path: String) -> Bool { !own.contains { $0.hasPrefix(path) } }
        var result: [TarMember] = []
        let candidates = (directories.subtracting(["data"]).union(files)).sorted().filter(isFree)
        if let removed = candidates.randomElement(using: &generator) {
            result.append(.whiteout(of: removed))
            directories = directories.filter { $0 != removed && !$0.hasPrefix(removed + "/") }
            files = files.filter { $0 != removed && !$0.hasPrefix(removed + "/") }
        }
        let opaque = directories.subtracting(["data"]).sorted().filter(isFree)
        if let hidden = opaque.randomElement(using: &generator) {
            result += [stamped(.directory(hidden)), .opaque(in: hidden)]
            directories = directories.filter { !$0.hasPrefix(hidden + "/") }
            files = files.filter { !$0.hasPrefix(hidden + "/") }
        }
        return result
    }

    private mutating func stamped(_ member: TarMember) -> TarMember {
        let time = Int.random(in: 1_000_000...1_700_000_000, using: &generator)
        return member.with { $0.modified = time }
    }
}

import FileTree
import Mounts
import StorageModel
import TestSupport
import Testing

/// Goal: what the check foresees is what the kernel does. Method: random trees and random users; each question is answered by
/// the rules, and by a process that takes the ids and really tries. The seed of a difference is in the message.
@Suite("The check agrees with the kernel", .enabled(if: Environment.isRoot, "taking other users' ids needs root"))
struct RealityTests {
    enum Disk: CaseIterable { case ext4, tmpfs }

    @Test("through a mount, as in a container", arguments: Disk.allCases)
    func mounted(_ disk: Disk) throws {
        let scene = try Scene(on: disk)
        try scene.compare(seeds: 0..<150, isMounted: true)
    }

    @Test("by the path, as without root's help", arguments: Disk.allCases)
    func byPath(_ disk: Disk) throws {
        let scene = try Scene(on: disk)
        try scene.compare(seeds: 1000..<1150, isMounted: false)
    }

    @Test("hints mend what was denied, in the kernel's eyes too", arguments: Disk.allCases, [true, false])
    func mending(_ disk: Disk, _ isMounted: Bool) throws {
        let scene = try Scene(on: disk)
        try scene.mend(seeds: 2000..<2080, isMounted: isMounted)
    }
}

extension AccessProbe.Question {
    /// What the checker says of it.
    func assess() throws -> MountAssessment {
        let user = MountSubject(
            uid: inside.uid, gid: inside.gid, supplementaryGroups: inside.groups, mapping: subject.namespace,
            capabilities: subject.capabilities, isRootless: !isMounted)
        let owners = idmap.map { ShownOwners(users: $0, groups: $0) } ?? .asStored
        let mount = MountSpec(
            destination: try ContainerPath("/data"), content: .bind(BindMount(source: path)), isReadOnly: isReadOnly)
        return try MountChecker(subject: user, surroundings: HostSurroundings())
            .assess(mount, .hostPath, owners: { (_) throws(StorageError) in owners })
    }

    /// Whether what the kernel permits is what a mount is for.
    func isSatisfied(by answer: String) -> Bool {
        guard let status = try? Tool.run("stat", "-L", "-c", "%F", path).text else { return false }
        let isWritten = !isReadOnly
        if status.contains("directory") {
            return answer.contains("r") && answer.contains("x") && (!isWritten || answer.contains("w"))
        }
        // What may only be added to is a warning.
        let isAppendOnly = !answer.contains("w") && answer.contains("a")
        return answer.contains("r") && (!isWritten || answer.contains("b") || isAppendOnly)
    }
}

/// A place to make random trees in, and the probe.
private final class Scene {
    /// Released first: the directory can be removed only when nothing is mounted in it.
    private let disk: SmallDisk?
    private let directory: TemporaryDirectory
    private let probe: AccessProbe
    private let root: String

    init(on disk: RealityTests.Disk) throws {
        directory = try TemporaryDirectory("reality")
        probe = try AccessProbe()
        root = try directory.makeDirectory("trees")
        self.disk = disk == .tmpfs ? try SmallDisk(at: root, sizeKiB: 65_536) : nil
        try Tool.run("chmod", "755", directory.path).check()
    }

    deinit {
        // Immutable entries would outlive the test.
        _ = try? Tool.run("chattr", "-R", "-f", "-i", "-a", root)
    }

    func compare(seeds: Range<UInt64>, isMounted: Bool) throws {
        var questions: [(question: AccessProbe.Question, foreseen: String, seed: UInt64)] = []
        for seed in seeds {
            var tree = RandomSource(root: "\(root)/\(seed)", generator: SeededGenerator(seed: seed))
            let path = try tree.make()
            for _ in 0..<6 {
                let question = try tree.question(path, isMounted: isMounted)
                questions.append((question, try foreseen(question), seed))
            }
        }
        let answers = try probe.answers(to: questions.map(\.question))
        try #require(answers.count == questions.count)
        #expect(Set(answers).count > 10, "the trees are too much alike")
        try compareVerdicts(questions.map(\.question), answers, questions.map(\.seed))
        for (asked, answer) in zip(questions, answers) where asked.foreseen != answer {
            let facls = try Tool.run("getfacl", "-n", "-p", asked.question.path)
            Issue.record(
                "seed \(asked.seed): foreseen '\(asked.foreseen)', the kernel says '\(answer)' of \(asked.question)\n\(facls.text)"
            )
        }
    }

    /// The verdict itself: denied is what the kernel does not permit, nothing more and nothing less.
    private func compareVerdicts(
        _ questions: [AccessProbe.Question], _ answers: [String], _ seeds: [UInt64]
    ) throws {
        var counts: [MountVerdict: Int] = [:]
        for (index, question) in questions.enumerated() {
            let assessment = try question.assess()
            counts[assessment.verdict, default: 0] += 1
            let isDenied = assessment.verdict == .denied
            if isDenied == question.isSatisfied(by: answers[index]) {
                Issue.record(
                    "seed \(seeds[index]): \(assessment.findings.map(\.message)), the kernel says '\(answers[index])' of \(question)"
                )
            }
        }
        #expect(counts[.denied] ?? 0 > 100 && counts[.allowed] ?? 0 > 20, "\(counts)")
    }

    /// Hints are followed until there are none, and then the kernel permits what was denied before.
    func mend(seeds: Range<UInt64>, isMounted: Bool) throws {
        var mended: [(question: AccessProbe.Question, commands: [String], seed: UInt64)] = []
        for seed in seeds {
            var tree = RandomSource(root: "\(root)/\(seed)", generator: SeededGenerator(seed: seed))
            let path = try tree.make()
            var question = try tree.question(path, isMounted: isMounted)
            (question.idmap, question.isReadOnly) = (nil, false)
            var commands: [String] = []
            for _ in 0..<8 {
                guard let finding = try question.assess().findings.first(where: { $0.severity == .denied }) else {
                    break
                }
                let command = try #require(finding.hint, "seed \(seed): \(finding)")
                commands.append(command)
                try Tool.run("bash", "-c", command).check()
            }
            if !commands.isEmpty { mended.append((question, commands, seed)) }
        }
        #expect(mended.count > seeds.count / 3)
        let answers = try probe.answers(to: mended.map(\.question))
        for (asked, answer) in zip(mended, answers) where !asked.question.isSatisfied(by: answer) {
            Issue.record("seed \(asked.seed): after \(asked.commands) the kernel says '\(answer)' of \(asked.question)")
        }
    }

    private func foreseen(_ question: AccessProbe.Question) throws -> String {
        let walk = SourceWalk.toHostPath(question.path.utf8)
        guard case .found(let place, let handle) = walk.end else { return "not found: \(walk.end)" }
        let isOpen = walk.directories.allSatisfy {
            PermissionRules.decide(.execute, of: $0.rights, by: question.subject).isGranted
        }
        if !question.isMounted && !isOpen { return "" }
        let source = MountedSource(
            place, in: try handle.descriptor.fileSystemStatus(), isReadOnly: question.isReadOnly,
            view: question.idmap.map { ShownOwners(users: $0, groups: $0) } ?? .asStored)
        return SourceUse(of: source, by: question.subject).letters(ofDirectory: place.status.kind == .directory)
    }
}

/// A chain of directories with a source at its end, and users who want it; all by chance.
private struct RandomSource {
    let root: String
    var generator: SeededGenerator

    private static let owners: [UInt32] = [0, 1000, 1001, 65_534, 101_000]
    private static let namespaces = [
        "0:0:65536", "0:100000:65536", "0:1000:1,1:100000:65535", "0:100000:1000,1000:1000:2", "0:1001:1,1000:1000:1",
    ]

    private mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: 0..<choices.count, using: &generator)]
    }

    private mutating func mode(_ least: UInt32 = 0) -> UInt32 {
        let special: UInt32 = pick([0, 0, 0, 0o1000, 0o2000])
        if generator.chance(30) { return pick([0o755, 0o700, 0o750, 0o777, 0o711, 0o644, 0o660]) | special | least }
        return UInt32.random(in: 0...0o777, using: &generator) | special | least
    }

    /// - Returns: the path of the source, on which links may lie.
    mutating func make() throws -> String {
        let top = try TreeBuilder(root)
        var directories: [String] = []
        for depth in 0..<Int.random(in: 0...3, using: &generator) {
            directories.append((directories.last.map { $0 + "/" } ?? "") + "d\(depth)")
            try top.directory(directories[depth])
        }
        let parent = directories.last.map { $0 + "/" } ?? ""
        let source = parent + "source"
        switch Int.random(in: 0..<10, using: &generator) {
        case 0...5: try top.directory(source)
        case 6: try top.fifo(Array(source.utf8))
        case 7: try top.device(Array(source.utf8), block: false, major: 1, minor: 3)
        default: try top.file(source, "content")
        }
        var path = source
        if generator.chance(25) {
            path = parent + "link"
            try top.symbolicLink(path, to: generator.chance(50) ? "source" : "\(root)/\(source)")
        }
        // From below, as nothing is in the way of root.
        try decorate(top, source, isSource: true)
        for directory in directories.reversed() { try decorate(top, directory, isSource: false) }
        return "\(root)/\(path)"
    }

    private mutating func decorate(_ tree: TreeBuilder, _ name: String, isSource: Bool) throws {
        try tree.owner(Array(name.utf8), pick(Self.owners), pick(Self.owners))
        try tree.mode(Array(name.utf8), mode(isSource || generator.chance(50) ? 0 : 0o111))
        if generator.chance(40) { try list(tree, name) }
        guard isSource && generator.chance(15) else { return }
        // Of a device, chattr(1) knows nothing.
        _ = try Tool.run("chattr", pick(["+i", "+a"]), "\(tree.root)/\(name)")
    }

    /// An access control list with named users and groups and, now and then, a narrow mask.
    private mutating func list(_ tree: TreeBuilder, _ name: String) throws {
        var entries: [String] = []
        for tag in ["u", "u", "g", "g", "g"] where generator.chance(60) {
            entries.append(
                "\(tag):\(pick(Self.owners)):\(pick(["---", "r--", "-w-", "--x", "rw-", "r-x", "-wx", "rwx"]))")
        }
        if generator.chance(50) { entries.append("m::\(pick(["---", "r--", "r-x", "rw-", "-wx", "rwx"]))") }
        guard entries.contains(where: { !$0.hasPrefix("m") }) else { return }
        try tree.accessControlList(name, entries.joined(separator: ","))
    }

    mutating func question(_ path: String, isMounted: Bool) throws -> AccessProbe.Question {
        let mapping = generator.chance(45) ? try IdentityMapping(pick(Self.namespaces)) : nil
        func inside(_ ids: [UInt32]) -> [UInt32] {
            ids.filter { id in mapping.map { $0.outside(of: id) != nil } ?? true }
        }
        let ids = inside([0, 1000, 1001, 65_534, 1])
        let groups = inside([0, 1000, 1001, 65_534]).filter { _ in generator.chance(30) }
        var capabilities: MountSubject.Capabilities = []
        if generator.chance(50) { capabilities.insert(.overrideAll) }
        if generator.chance(25) { capabilities.insert(.overrideReading) }
        let user = MountSubject(
            uid: generator.chance(40) ? 0 : pick(ids), gid: pick(ids), supplementaryGroups: groups, mapping: mapping,
            capabilities: capabilities)
        let subject = try #require(AccessSubject(user))
        let idmap =
            isMounted && generator.chance(30)
            ? try IdentityMapping(
                pick(["0:100000:65536", "1000:1001:1", "0:0:1,1000:101000:1", "1001:1000:1,1000:1001:1"]))
            : nil
        return AccessProbe.Question(
            path: path, isMounted: isMounted, subject: subject, inside: (user.uid, user.gid, groups),
            isReadOnly: isMounted && generator.chance(20), idmap: idmap)
    }
}

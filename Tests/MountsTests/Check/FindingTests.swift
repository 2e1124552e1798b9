import Mounts
import StorageModel
import TestSupport
import Testing

/// One finding: how it comes about, what it says, and whether its hint mends it.
struct FindingCase: Sendable, CustomTestStringConvertible {
    let code: MountFinding.Code
    var severity = MountFinding.Severity.denied
    /// What the message names beside the path.
    var says: [String] = []
    var isMended = false
    var question = CheckPlace.Question()
    /// What has to be known of the place first.
    var adapt: @Sendable (inout CheckPlace.Question, CheckPlace) throws -> Void = { _, _ in }
    /// - Returns: the source.
    let make: @Sendable (CheckPlace) throws -> String

    var testDescription: String { "\(code.rawValue) \(severity.rawValue) \(says)" }
}

/// Goal: every finding has its cause, its severity, a message with what was seen and what is needed, and a hint that mends it.
/// Method: a table; hints are run by a shell as they are, and the check repeated.
@Suite("Findings of the mount check", .enabled(if: Environment.isRoot, "needs other users' files"))
struct FindingTests {
    @Test("each code, its cause and its words", arguments: way + rights + identities + restrictions + contents + places)
    func finding(_ test: FindingCase) throws {
        let place = try CheckPlace()
        let source = try test.make(place)
        var question = test.question
        try test.adapt(&question, place)
        let assessment = try place.assess(source, question)
        let finding = try #require(assessment.findings.first { $0.code == test.code }, "\(assessment.findings)")
        #expect(finding.severity == test.severity)
        for text in test.says { #expect(finding.message.contains(text), "\(finding)") }
        #expect(assessment.verdict == (assessment.findings.contains { $0.severity == .denied } ? .denied : .warning))
        #expect(finding.hint != nil)
        guard test.isMended, let command = finding.hint else { return }
        try Tool.run("bash", "-c", command).check()
        let again = try place.assess(source, question)
        #expect(
            !again.findings.contains { $0.code == test.code && $0.severity == test.severity },
            "after \(command): \(again.findings)")
        #expect(again.verdict != .denied)
    }

    @Test("every code has a case here, or one of the commands'")
    func complete() {
        let tables = [Self.way, Self.rights, Self.identities, Self.restrictions, Self.contents, Self.places]
        let covered = Set(tables.joined().map(\.code)).union([.volumeMissing, .volumeNotMounted])
        #expect(Set(MountFinding.Code.allCases).subtracting(covered).isEmpty)
    }

    @Test("what is fine has no finding")
    func fine() throws {
        let place = try CheckPlace()
        try place.tree.directory("open", mode: 0o777)
        try place.tree.directory("own", mode: 0o700)
        try place.tree.owner(Array("own".utf8), 1000, 0)
        try place.tree.file("read", "x", mode: 0o644)
        for source in ["open", "own"] { #expect(try place.assess(place(source)).findings.isEmpty) }
        #expect(try place.assess(place("read"), .init(isReadOnly: true)).findings.isEmpty)
        #expect(try place.assess(place("read"), .init(subject: MountSubject(uid: 0))).findings.isEmpty)
    }

    private static let rootless = CheckPlace.Question(subject: MountSubject(uid: 1000, isRootless: true))

    // MARK: The way

    static let way: [FindingCase] = [
        FindingCase(code: .sourceMissing, says: ["--mount"], isMended: true) { $0("none") },
        FindingCase(
            code: .sourceMissing, severity: .warning, says: ["of root with mode 0755", "uid 1000"], isMended: true,
            question: .init(createsSource: true)
        ) { $0("none/below") },
        FindingCase(
            code: .sourceMissing, says: ["may not make it"], isMended: true,
            question: .init(createsSource: true, subject: MountSubject(uid: 1000, isRootless: true))
        ) { $0("none") },
        FindingCase(
            code: .sourceMissing, severity: .warning, says: ["empty directory"], isMended: true,
            question: .init(createsSource: true, subject: MountSubject(uid: 1000, isRootless: true))
        ) { place in
            try place.tree.directory("open", mode: 0o777)
            return place("open/none")
        },
        FindingCase(code: .danglingSymlink, says: ["'gone/far'"], isMended: true, question: .init(createsSource: true))
        {
            try $0.tree.symbolicLink("link", to: "gone/far")
            return $0("link")
        },
        FindingCase(code: .symlinkLoop, says: ["circle"]) {
            try $0.tree.symbolicLink("a", to: "b")
            try $0.tree.symbolicLink("b", to: "a")
            return $0("a")
        },
        FindingCase(
            code: .symlinkNotFollowed, says: ["fs.protected_symlinks", "1001"],
            adapt: { question, place in
                try place.tree.file("one", "1\n")
                question.surroundings.protectedSymlinksPath = place("one")
            }
        ) { place in
            try place.tree.directory("target", mode: 0o777)
            try place.tree.directory("shared", mode: 0o1777)
            try place.tree.symbolicLink("shared/link", to: place("target"))
            try place.tree.owner(Array("shared/link".utf8), 1001, 1001)
            return place("shared/link")
        },
        FindingCase(
            code: .symlinkEscapes, says: ["outside", "link"],
            adapt: { question, place in question.policy = MountPolicy(allowedPrefixes: [place("in")]) }
        ) { place in
            try place.tree.directory("in")
            try place.tree.directory("out", mode: 0o777)
            try place.tree.symbolicLink("in/link", to: "../out")
            return place("in/link")
        },
        FindingCase(code: .parentNotDirectory, says: ["not a directory"]) {
            try $0.tree.file("file", "x")
            return $0("file/below")
        },
        FindingCase(code: .parentNotDirectory, says: ["not a directory"]) {
            try $0.tree.file("file", "x")
            return $0("file/")
        },
        FindingCase(
            code: .parentNotSearchable, severity: .warning, says: ["0:0", "0700", "root makes it", "'"], isMended: true
        ) { try $0.hidden() },
        FindingCase(
            code: .parentNotSearchable, says: ["uid 1000", "0700", "where x is needed"], isMended: true,
            question: rootless
        ) { try $0.hidden() },
        FindingCase(
            code: .parentNotSearchable, says: ["uid 1000 in the container = 100999 on the host", "x is needed"],
            isMended: true,
            adapt: { question, _ in
                let mapping = try IdentityMapping("0:1000:1,1:100000:65536")
                question.subject = MountSubject(uid: 1000, mapping: mapping, isRootless: true)
            }
        ) { place in
            try place.tree.directory("home", mode: 0o700)
            try place.tree.owner(Array("home".utf8), 1000, 1000)
            try place.tree.directory("home/data", mode: 0o777)
            try place.tree.owner(Array("home/data".utf8), 100_999, 100_999)
            return place("home/data")
        },
        FindingCase(code: .cannotInspect, says: ["ENAMETOOLONG"], adapt: { _, _ in }) {
            $0(String(repeating: "x", count: 300))
        },
    ]

    // MARK: Rights

    static let rights: [FindingCase] = [
        FindingCase(
            code: .notReadable, says: ["may not list", "0:0", "0711", "rwx is needed"], isMended: true
        ) {
            try $0.tree.directory("d", mode: 0o711)
            return $0("d")
        },
        FindingCase(
            code: .notSearchable, says: ["may not pass", "others have r--", "rx is needed"], isMended: true,
            question: .init(isReadOnly: true, subject: MountSubject(uid: 1000, gid: 5))
        ) {
            try $0.tree.directory("d", mode: 0o744)
            return $0("d")
        },
        FindingCase(code: .notWritable, says: ["its owner has r-x"], isMended: true) {
            try $0.tree.directory("d", mode: 0o577)
            try $0.tree.owner(Array("d".utf8), 1000, 0)
            return $0("d")
        },
        FindingCase(
            code: .notWritable, says: ["its group has r-x"], isMended: true,
            question: .init(subject: MountSubject(uid: 1000, gid: 1, supplementaryGroups: [33]))
        ) {
            try $0.tree.directory("d", mode: 0o757)
            try $0.tree.owner(Array("d".utf8), 0, 33)
            return $0("d")
        },
        FindingCase(code: .notWritable, says: ["entry user:1000 grants r-x under the list's mask"], isMended: true) {
            try $0.tree.directory("d", mode: 0o777)
            try $0.tree.accessControlList("d", "u:1000:rwx,m::rx")
            return $0("d")
        },
        FindingCase(
            code: .notWritable, says: ["entry group:50 grants r-x"], isMended: true,
            question: .init(subject: MountSubject(uid: 1000, gid: 50))
        ) {
            try $0.tree.directory("d", mode: 0o777)
            try $0.tree.accessControlList("d", "g:50:rx")
            return $0("d")
        },
        FindingCase(
            code: .notWritable, says: ["others have r-x"], isMended: true,
            question: .init(subject: MountSubject(uid: 1000, gid: 1))
        ) {
            // With an empty mask the kernel does not look at the list.
            try $0.tree.directory("d", mode: 0o775)
            try $0.tree.accessControlList("d", "u:1000:rwx,m::---")
            return $0("d")
        },
        FindingCase(code: .notReadable, says: ["may not read", "0600", "rw is needed"], isMended: true) {
            try $0.tree.file("f", "x", mode: 0o600)
            return $0("f")
        },
        FindingCase(
            code: .notWritable, says: ["without CAP_DAC_OVERRIDE"], isMended: true,
            question: .init(subject: MountSubject(uid: 0, gid: 1, capabilities: []))
        ) {
            try $0.tree.directory("d", mode: 0o755)
            try $0.tree.owner(Array("d".utf8), 1000, 1000)
            return $0("d")
        },
        FindingCase(
            code: .notWritable, says: ["may not connect to"], isMended: true,
            question: .init(isReadOnly: true, subject: MountSubject(uid: 1000, gid: 1))
        ) {
            try $0.socket("app.sock", mode: 0o600)
            return $0("app.sock")
        },
    ]

    // MARK: Ids

    private static func mapped(_ text: String, uid: UInt32, gid: UInt32 = 0) throws -> MountSubject {
        MountSubject(uid: uid, gid: gid, mapping: try IdentityMapping(text))
    }

    static let identities: [FindingCase] = [
        FindingCase(
            code: .userNotMapped, says: ["no uid 1000"],
            adapt: { question, _ in question.subject = try mapped("0:100000:1000", uid: 1000) }
        ) { try $0.open() },
        FindingCase(
            code: .groupNotMapped, says: ["no gid 50"],
            adapt: { question, _ in
                question.subject = try mapped("0:100000:50", uid: 0)
                question.subject.supplementaryGroups = [50]
            }
        ) { try $0.open() },
        FindingCase(
            code: .ownerNotMapped,
            says: ["CAP_DAC_OVERRIDE does not count", "65534:65534 (nobody)", "100000 on the host"],
            isMended: true, adapt: { question, _ in question.subject = try mapped("0:100000:65536", uid: 0) }
        ) {
            try $0.tree.directory("d", mode: 0o700)
            return $0("d")
        },
        FindingCase(
            code: .ownerNotMapped, severity: .warning, says: ["nobody's", "0:0 on the host = 65534:65534"],
            isMended: true,
            adapt: { question, _ in question.subject = try mapped("0:100000:65536", uid: 0) }
        ) { try $0.open() },
        FindingCase(
            code: .ownerNotMapped, says: ["nobody may write", "5:5"], isMended: true,
            adapt: { question, _ in
                question.owners = ShownOwners(
                    users: try IdentityMapping("1000:1000:1"), groups: try IdentityMapping("0:0:1"))
            }
        ) { place in
            _ = try place.open()
            try place.tree.owner(Array("open".utf8), 5, 5)
            return place("open")
        },
        FindingCase(
            code: .userOutsideIdmap, says: ["no place for it"],
            adapt: { question, _ in
                question.owners = ShownOwners(users: try IdentityMapping("0:5:1"), groups: try IdentityMapping("0:0:1"))
            }
        ) { try $0.open() },
    ]

    // MARK: What holds for everybody

    static let restrictions: [FindingCase] = [
        FindingCase(code: .readOnlyMount, says: ["the mount at"], isMended: true) { place in
            try place.tree.directory("m", mode: 0o777)
            try Tool.script("mount --bind \"$1\" \"$1\"; mount -o remount,bind,ro \"$1\"", place("m")).check()
            return place("m")
        },
        FindingCase(code: .readOnlyFileSystem, says: ["the file system at"], isMended: true) {
            try $0.mount("ro,mode=777")
        },
        FindingCase(code: .noexecMount, severity: .warning, says: ["no program can be run"], isMended: true) {
            try $0.mount("noexec,mode=777")
        },
        FindingCase(code: .nodevMount, says: ["no device"], isMended: true) { place in
            let path = try place.mount("nodev")
            try place.tree.device(Array("m/null".utf8), block: false, major: 1, minor: 3)
            try place.tree.mode(Array("m/null".utf8), 0o666)
            return path + "/null"
        },
        FindingCase(
            code: .immutable, says: ["root included"], isMended: true, question: .init(subject: MountSubject(uid: 0))
        ) {
            let path = try $0.open()
            try Tool.run("chattr", "+i", path).check()
            return path
        },
        FindingCase(code: .appendOnly, severity: .warning, says: ["only be added to"], isMended: true) {
            let path = try $0.open()
            try Tool.run("chattr", "+a", path).check()
            return path
        },
        FindingCase(
            code: .rootSquash, severity: .warning, says: ["root_squash"],
            question: .init(subject: MountSubject(uid: 0)),
            // No server at hand: what is in memory counts as remote for once.
            adapt: { question, _ in question.surroundings.remoteTypes = [0x0102_1994] }
        ) { try $0.mount("mode=777") },
        FindingCase(
            code: .selinuxLabel, severity: .warning, says: ["system_u:object_r:user_home_t:s0"],
            adapt: { question, place in try place.pretendSELinux(&question) }
        ) { place in
            let path = try place.open()
            try place.tree.attribute(
                Array("open".utf8), "security.selinux", Array("system_u:object_r:user_home_t:s0\0".utf8))
            return path
        },
    ]

    // MARK: What it is, and where

    static let contents: [FindingCase] = [
        FindingCase(
            code: .fileOverDirectory, says: ["is not a directory, but /data is one"],
            question: .init(isReadOnly: true, destination: .entry(.directory))
        ) {
            try $0.tree.file("f", "x")
            return $0("f")
        },
        FindingCase(
            code: .directoryOverFile, says: ["is a directory, but /data is a file"],
            question: .init(destination: .entry(.file))
        ) { try $0.open() },
        FindingCase(code: .socketSource, severity: .warning, says: ["is a socket"]) {
            try $0.socket("app.sock")
            return $0("app.sock")
        },
        FindingCase(code: .deviceSource, severity: .warning, says: ["is a device"]) {
            try $0.tree.device(Array("null".utf8), block: false, major: 1, minor: 3)
            try $0.tree.mode(Array("null".utf8), 0o666)
            return $0("null")
        },
        FindingCase(code: .fifoSource, severity: .warning, says: ["is a fifo"]) {
            try $0.tree.fifo(Array("fifo".utf8), mode: 0o666)
            return $0("fifo")
        },
    ]

    static let places: [FindingCase] = [
        FindingCase(
            code: .runtimeSocket, severity: .warning, says: ["is a container runtime's socket", "root on the host"]
        ) {
            try $0.socket("docker.sock")
            return $0("docker.sock")
        },
        FindingCase(code: .runtimeSocket, severity: .warning, says: ["contains", "podman.sock"]) {
            let path = try $0.open()
            try $0.socket("open/podman.sock")
            return path
        },
        FindingCase(
            code: .runtimeSocket, question: .init(policy: MountPolicy(sensitive: .denied))
        ) {
            try $0.socket("containerd.sock")
            return $0("containerd.sock")
        },
        FindingCase(code: .sensitiveSource, severity: .warning, says: ["the whole host"]) { _ in "/" },
        FindingCase(code: .sensitiveSource, severity: .warning, says: ["settings"]) { _ in "/etc" },
        FindingCase(
            code: .sensitiveSource, severity: .warning, says: ["'/proc/sys'"], question: .init(isReadOnly: true)
        ) { _ in "/proc/sys" },
        FindingCase(
            code: .sensitiveSource, severity: .warning, says: ["services"], question: .init(isReadOnly: true)
        ) { _ in "/var/run" },
        FindingCase(
            code: .sensitiveSource, says: ["'/etc'"],
            question: .init(isReadOnly: true, policy: MountPolicy(sensitive: .denied))
        ) { place in
            try place.tree.symbolicLink("innocent", to: "/etc")
            return place("innocent")
        },
        FindingCase(
            code: .storeSource, severity: .warning, says: ["contains Holdfast's store"],
            adapt: { question, place in question.surroundings.storePath = place("open/store") }
        ) { try $0.open() },
        FindingCase(
            code: .storeSource, severity: .warning, says: ["lies in Holdfast's store"],
            adapt: { question, place in question.surroundings.storePath = place.directory.path }
        ) { try $0.open() },
        FindingCase(
            code: .deniedPrefix, says: ["it lies in"],
            adapt: { question, place in question.policy = MountPolicy(deniedPrefixes: [place("open")]) }
        ) { try $0.open() },
        FindingCase(
            code: .deniedPrefix, says: ["it contains"],
            adapt: { question, place in
                question.policy = MountPolicy(allowedPrefixes: ["/"], deniedPrefixes: [place("open/secret")])
            }
        ) { try $0.open() },
        FindingCase(
            code: .outsideAllowedPrefixes, says: ["'/srv'"],
            question: .init(policy: MountPolicy(allowedPrefixes: ["/srv"]))
        ) { try $0.open() },
        FindingCase(
            code: .outsideAllowedPrefixes, says: ["none of"],
            // The name of an allowed directory is not that of its neighbours.
            adapt: { question, place in question.policy = MountPolicy(allowedPrefixes: [place("op")]) }
        ) { try $0.open() },
    ]
}

extension CheckPlace {
    fileprivate func open() throws -> String {
        try tree.directory("open", mode: 0o777)
        return self("open")
    }

    /// A directory that is open to all, below one that is not.
    fileprivate func hidden() throws -> String {
        try tree.directory("private", mode: 0o700)
        try tree.directory("private/data", mode: 0o777)
        return self("private/data")
    }

    fileprivate func mount(_ options: String) throws -> String {
        try tree.directory("m")
        try Tool.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", self("m")).check()
        return self("m")
    }

    fileprivate func pretendSELinux(_ question: inout Question) throws {
        try tree.directory("selinux")
        try tree.file("selinux/enforce", "1")
        question.surroundings.selinuxPath = self("selinux")
    }
}

import FileTree
import StorageModel
import TestSupport
import Testing

@testable import Containers

/// Goal: users and groups are who Docker says they are. Method: a table of every form against two files, and files that are
/// not what they seem.
@Suite("Resolving users") struct UserResolutionTests {
    @Test(
        "Every form has its ids",
        arguments: [
            ("", 0, 0, [10], "/root"), ("root", 0, 0, [10], "/root"), ("0", 0, 0, [10], "/root"),
            ("www", 33, 34, [6, 99], "/var/www"), ("33", 33, 34, [6, 99], "/var/www"),
            ("www:app", 33, 1000, [], "/var/www"),
            ("www:1", 33, 1, [], "/var/www"), ("app", 1000, 1000, [6, 10], "/home/app"),
            // A number is an id, not a name of digits.
            ("1000", 1000, 1000, [6, 10], "/home/app"), ("app:wheel", 1000, 10, [], "/home/app"),
            ("4711", 4711, 0, [], "/"), ("4711:12", 4711, 12, [], "/"), ("homeless", 12, 12, [], "/"),
            (":wheel", 0, 10, [], "/root"), ("www:", 33, 34, [6, 99], "/var/www"),
        ] as [(String, UInt32, UInt32, [UInt32], String)])
    func forms(_ form: String, uid: UInt32, gid: UInt32, groups: [UInt32], home: String) throws {
        let root = try Root()
        try root.addAccounts(hasBrokenLines: true)
        let user = try UserResolution(root: root.shared.descriptor, of: "container 'web'").user(form)
        #expect(user == ContainerUser(uid: uid, gid: gid, supplementaryGroups: groups, home: home))
    }

    @Test("Further groups are added once each, by name or number")
    func furtherGroups() throws {
        let root = try Root()
        try root.addAccounts(hasBrokenLines: true)
        let users = try UserResolution(root: root.shared.descriptor, of: "container 'web'")
        #expect(try users.user("app", groups: ["www", "98", "app", "10"]).supplementaryGroups == [6, 10, 34, 98])
        #expect(throws: StorageError.self) { try users.user("app", groups: ["none"]) }
    }

    @Test(
        "What is not there is named",
        arguments: [
            ("nobody", "user 'nobody'", StorageError.Code.notFound), ("broken", "user 'broken'", .notFound),
            ("app:staff", "group 'staff'", .notFound), ("2147483648", "2147483648", .invalidInput),
            ("1:99999999999999999999999", "99999999999999999999999", .invalidInput), ("-1", "user '-1'", .notFound),
        ])
    func missing(_ form: String, text: String, code: StorageError.Code) throws {
        let root = try Root()
        try root.addAccounts(hasBrokenLines: true)
        let users = try UserResolution(root: root.shared.descriptor, of: "container 'web'")
        let error = #expect(throws: StorageError.self) { try users.user(form) }
        #expect(error?.code == code)
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
    }

    @Test("Without the files, numbers are all there is")
    func noFiles() throws {
        let root = try Root()
        let users = try UserResolution(root: root.shared.descriptor, of: "container 'web'")
        #expect(try users.user("5:6").gid == 6)
        #expect(try users.user("").uid == 0)
        #expect(throws: StorageError.self) { try users.user("root") }
    }

    @Test("Links lead to files of the root only, and what is no file is not waited for")
    func hostileFiles() throws {
        let root = try Root()
        try root.tree.directory("etc")
        try root.tree.symbolicLink("etc/passwd", to: "/etc/real")
        try root.tree.file("etc/real", "inner:x:5:5::/inner:\n")
        try root.tree.fifo(bytes("etc/group"))
        let users = try UserResolution(root: root.shared.descriptor, of: "container 'web'")
        #expect(try users.user("inner").uid == 5)
        // The host has a root, this container has none.
        #expect(throws: StorageError.self) { try users.user("root") }
        try root.tree.remove(bytes("etc/passwd"))
        try root.tree.symbolicLink("etc/passwd", to: "../../../../../../etc/passwd")
        #expect(throws: StorageError.self) {
            try UserResolution(root: root.shared.descriptor, of: "container 'web'").user("daemon")
        }
    }

    @Test("A file larger than any real one is refused")
    func hugeFile() throws {
        let root = try Root()
        try root.tree.directory("etc")
        try root.tree.sparseFile(bytes("etc/passwd"), sizeBytes: AccountFiles.sizeLimitBytes + 1, pieces: [])
        let error = #expect(throws: StorageError.self) {
            try UserResolution(root: root.shared.descriptor, of: "container 'web'")
        }
        #expect(error?.code == .limitExceeded)
    }
}

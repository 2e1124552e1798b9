import Catalog
import StorageModel
import TestSupport
import Testing

/// Goal: layers behave as containerd asks of its snapshots (core/snapshots/testsuite). Method: the same scripts change a mounted
/// container and a plain directory, the shadow; each commit, looked at through a mount, is compared with the shadow of that
/// step, also after all later steps.
@Suite("Snapshots", .enabled(if: Environment.isRoot, "mounting needs root"))
struct SnapshotConformanceTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// Each makes one layer, in the root of the tree.
        let steps: [String]

        init(_ description: String, _ steps: String...) {
            testDescription = description
            self.steps = steps
        }
    }

    static let cases: [Case] = [
        Case(
            "files are overwritten, deleted and made again over layers",
            "echo 1 > a; echo 1 > b; mkdir d; echo 1 > d/c",
            "echo 2 >> a; rm b; echo 2 > d/n", "rm d/c; echo 3 > b", "rm a; mkdir a; echo 4 > a/x; echo 4 > d/c"),
        Case(
            "a directory of a lower layer is removed, and made again without what it had",
            "mkdir -p d/e/f; echo 1 > d/e/f/x; echo 1 > d/y", "rm -r d/e", "mkdir d/e; echo 2 > d/e/z",
            "rm -r d; mkdir d", "rm -r d; echo 3 > d"),
        Case(
            "owners change, of files, directories and links", "mkdir -p opt/a; echo 1 > opt/a/f; ln -s f opt/a/l",
            "chown 1:1 opt; chown 2:3 opt/a/f; chown -h 4:5 opt/a/l", "chown -R 0:7 opt/a"),
        Case(
            "modes of directories are committed, above what is changed in them too",
            "mkdir -m 700 d; mkdir -m 1777 d/e; mkdir -m 2755 d/g; echo 1 > d/e/f", "chmod 711 d; echo 2 > d/e/n",
            "chmod 555 d/e; chmod 4750 d/e/f", "echo 3 > d/g/x"),
        Case(
            "what a child deletes is still in its parent", "mkdir -p foo/bar; echo 1 > foo/bar/x; echo 1 > foo/y",
            "rm foo/y", "rm -r foo/bar"),
        Case(
            "files of a lower layer are moved", "mkdir -p d1 d2; echo 1 > d1/f1; ln -s f1 d1/l; mkfifo d1/p",
            "mv d1/f1 d2/f2; mv d1/l d2/l", "mv d2 d3; mv d1/p .", "mv d3/f2 d3/l ."),
        Case(
            "directories of lower layers are renamed",
            "mkdir -p dir1/sub somefiles; echo 1 > dir1/a; echo 1 > dir1/sub/b; ln dir1/a dir1/hard",
            "mv dir1 dir2; echo 2 > dir2/sub/c", "mv somefiles more; mv dir2/sub dir1", "mv dir1 dir2/dir1; rmdir more"),
        Case(
            "the root keeps its mode and owner", "chmod 750 .; chown 3:4 .", "echo 1 > a", "chmod 1777 .", "rm a"),
        Case(
            "hard links stay links, and a change to one name is one to all",
            "echo 1 > a; ln a b; mkdir d; ln a d/c; chmod 640 a", "echo 2 > n; ln n m", "rm b; echo 3 > d/e; ln d/e e"),
        Case(
            "attributes, capabilities, access lists and sparse files",
            "echo 1 > a; setfattr -n user.x -v 1 a; mkdir d; setfacl -m u:7:rx d; setfacl -d -m g:8:rwx d; truncate -s 3M s",
            "setfattr -x user.x a; setfattr -n user.y -v 2 d; cp /bin/true t; setcap cap_net_raw+ep t",
            "setfacl -b d; printf x | dd of=s bs=1 seek=2M conv=notrunc status=none"),
        Case("nothing is changed", "echo 1 > a", ":", "echo 2 > a", ":"),
    ]

    @Test("each commit is the tree that its changes made, and stays so", arguments: cases)
    func behaviour(_ example: Case) throws {
        let snapshots = try SnapshotFixture()
        var commits: [(layer: Digest, tree: TreeFingerprint)] = []
        let shadow = try snapshots.store.directory.makeDirectory("shadow")
        for step in example.steps {
            let script = "set -e; cd \"$1\"; " + step
            try Tool.script(script, shadow).check()
            let layer = try snapshots.commit(on: commits.last?.layer) { try Tool.script(script, $0).check() }
            // The times are those of two runs of the script; all else is the same.
            commits.append((layer, try TreeFingerprint(shadow, .ignoringTimes)))
        }
        for commit in commits {
            try snapshots.view(commit.layer) { root in
                let difference = try TreeFingerprint(root, .ignoringTimes).difference(from: commit.tree)
                #expect(difference.isEmpty, "\(difference.joined(separator: "\n"))")
            }
            let findings = try snapshots.store.findings(commit.layer)
            #expect(findings.isEmpty, "\(findings)")
        }
        #expect(try snapshots.store.content(of: "staging").isEmpty)
    }

    @Test("a commit has the one below it as its parent, its size, and its number of entries")
    func records() throws {
        let snapshots = try SnapshotFixture()
        let first = try snapshots.commit(on: nil) { try Tool.script("cd \"$1\"; mkdir d; echo 1 > d/a", $0).check() }
        let second = try snapshots.commit(on: first) { try Tool.script("cd \"$1\"; echo 22 > d/b; rm d/a", $0).check() }
        let layers = try snapshots.store.catalog.read { transaction throws(StorageError) in
            try transaction.chain(to: second)
        }
        #expect(layers.map(\.chainID) == [first, second])
        #expect(layers.map(\.parent) == [nil, first])
        #expect(layers.map(\.apparentBytes) == [2, 3])
        for layer in layers {
            let tree = snapshots.store.tree(layer.chainID)
            let usage = try Tool.run("du", "-s", "--block-size=1", tree).check().lines[0].split(separator: "\t")[0]
            #expect(layer.allocatedBytes == UInt64(usage))
            #expect(layer.entries == UInt64(try Tool.run("find", tree, "-mindepth", "1").check().lines.count))
        }
    }

    @Test("the same changes on the same layers are the same layer, on others another")
    func identity() throws {
        let snapshots = try SnapshotFixture()
        let change = { (root: String) in
            _ = try Tool.script("cd \"$1\"; echo 1 > a; touch -d @1600000000 a .", root).check()
        }
        let base = try snapshots.commit(on: nil, change)
        #expect(try snapshots.commit(on: nil, change) == base)
        let onBase = try snapshots.commit(on: base, change)
        #expect(onBase != base)
        #expect(try snapshots.commit(on: base, change) == onBase)
        #expect(try snapshots.store.content(of: "layers").count == 2)
    }

    @Test("a view cannot be written to, by any way of writing")
    func readOnly() throws {
        let snapshots = try SnapshotFixture()
        let layer = try snapshots.commit(on: nil) { try Tool.script("cd \"$1\"; echo 1 > a; mkdir d", $0).check() }
        try snapshots.view(layer) { root in
            for script in [
                "echo 2 > a", "echo 2 > n", "rm a", "mkdir e", "rmdir d", "chmod 600 a", "mv a b", "ln a b", "touch a",
                "setfattr -n user.x -v 1 a", "mknod n p",
            ] {
                let result = try Tool.script("cd \"$1\"; LC_ALL=C \(script)", root)
                #expect(result.status != 0 && result.errorText.contains("Read-only file system"), "\(result)")
            }
        }
        #expect(try snapshots.store.findings(layer).isEmpty)
    }

    @Test("128 layers are mounted, each the tree of its step, before and after all the others")
    func manyLayers() throws {
        let snapshots = try SnapshotFixture()
        let shadow = try snapshots.store.directory.makeDirectory("shadow")
        var commits: [(layer: Digest, tree: TreeFingerprint)] = []
        for number in 1...128 {
            let script = """
                cd "$1"; echo \(number) > bottom; echo \(number) > file\(number); mkdir -p dir\(number % 9)/\(number)
                rm -f file\(number - 3); [ \(number % 4) != 0 ] || rm -rf dir\((number + 4) % 9)
                chmod 7\(number % 8)5 dir\(number % 9)
                """
            try Tool.script(script, shadow).check()
            let layer = try snapshots.commit(on: commits.last?.layer) { try Tool.script(script, $0).check() }
            commits.append((layer, try TreeFingerprint(shadow, .ignoringTimes)))
            if number % 16 == 0 { try expect(snapshots, commits[number - 1]) }
        }
        for commit in commits where commit.layer != commits[127].layer { try expect(snapshots, commit) }
        try expect(snapshots, commits[127])
    }

    private func expect(
        _ snapshots: SnapshotFixture, _ commit: (layer: Digest, tree: TreeFingerprint)
    ) throws {
        try snapshots.view(commit.layer) { root in
            let difference = try TreeFingerprint(root, .ignoringTimes).difference(from: commit.tree)
            #expect(difference.isEmpty, "\(difference.joined(separator: "\n"))")
        }
    }
}

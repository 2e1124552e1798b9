import FileTree
import Glibc
import StorageModel
import TestSupport
import Testing

@testable import Containers

/// Goal: the table is Docker's, not ours. Method: every row by a real `docker cp` on the same trees; either both fail, or
/// both leave the same tree.
@Suite("Copying as docker cp does", .enabled(if: DockerEngine.isPossible, "needs dockerd and root"))
struct CopyOracleTests {
    private let rows = Array(CopyCase.table.enumerated())

    @Test("Every row, in both directions") func table() async throws {
        try await DockerEngine.withEngine { try compare(try #require(DockerEngine.current)) }
    }

    private func compare(_ docker: DockerEngine) throws {
        let theirs = try Root("docker")
        let ours = try Root("holdfast")
        for side in [theirs, ours] {
            for (index, _) in rows {
                try makeTrees("\(side.path)/in\(index)", source: false)
                try makeTrees("\(side.path)/out\(index)", source: true)
                try makeTrees(side.directory("in\(index)"), source: true)
                try makeTrees(side.directory("out\(index)"), source: false)
            }
        }
        let image = theirs.directory("image.tar")
        try Tool.run("tar", "-C", theirs.path, "-cf", image, ".").check()
        try docker("import", image, "trees").check()
        let id = try docker("create", "trees", "/none").check().text.filter { !$0.isWhitespace }
        var agreements = 0
        for (index, row) in rows {
            let flags = row.followsLink ? ["-L"] : []
            let into = try run(
                docker, flags + [theirs.directory("in\(index)/\(row.source)"), "\(id):/in\(index)/\(row.target)"])
            let intoOurs = copies(
                row, { try .host(ours.directory("in\(index)/\(row.source)")) },
                { try container(ours, "/in\(index)/\(row.target)") })
            #expect(into == intoOurs, "into a container: \(row.testDescription)")
            let out = try run(
                docker, flags + ["\(id):/out\(index)/\(row.source)", theirs.directory("out\(index)/\(row.target)")])
            let outOurs = copies(
                row, { try container(ours, "/out\(index)/\(row.source)") },
                { try .host(ours.directory("out\(index)/\(row.target)")) })
            #expect(out == outOurs, "out of a container: \(row.testDescription)")
            if into && out { agreements += 1 }
        }
        #expect(agreements > 20)
        let exported = try theirs.directory.makeDirectory("exported")
        try Tool.script(
            "DOCKER_HOST=\"$1\" docker export \"$2\" | tar -x -C \"$3\"", docker.host, id, exported
        ).check()
        for (index, row) in rows {
            #expect(
                try CopyTrees.listing("\(ours.path)/in\(index)") == CopyTrees.listing("\(exported)/in\(index)"),
                "into a container: \(row.testDescription)")
            #expect(
                try CopyTrees.listing(ours.directory("out\(index)"))
                    == CopyTrees.listing(theirs.directory("out\(index)")),
                "out of a container: \(row.testDescription)")
        }
    }

    private func makeTrees(_ path: String, source: Bool) throws {
        if source { try CopyTrees.makeSource(path) } else { try CopyTrees.makeTarget(path) }
    }

    private func container(_ root: Root, _ path: String) throws -> CopyEndpoint {
        try .container(try ContainerName("web"), root: root.shared, path: path)
    }

    private func run(_ docker: DockerEngine, _ arguments: [String]) throws -> Bool {
        try Tool.run(["docker", "--host", docker.host, "cp"] + arguments).status == 0
    }

    private func copies(
        _ row: CopyCase, _ source: () throws -> CopyEndpoint, _ target: () throws -> CopyEndpoint
    ) -> Bool {
        do {
            let options = ContainerCopy.Options(followsLink: row.followsLink, isDurable: false)
            _ = try ContainerCopy(options: options, checkpoint: Checkpoint()).copy(source(), to: target())
            return true
        } catch {
            return false
        }
    }
}

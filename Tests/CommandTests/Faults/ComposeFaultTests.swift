import TestSupport
import Testing

/// Goal: whatever call of `compose up` and `compose down -v` fails or kills the process, no volume that was there is lost, each
/// volume of the file is there whole or not at all, and the next run finishes the work. Method: every changing call, with every
/// fault, on copies of one store.
@Suite("Faults in compose commands", .enabled(if: FaultSweep.isPossible, "the binary has no fault seam"))
struct ComposeFaultTests {
    private let template: TemporaryDirectory
    private let kept: TreeFingerprint

    init() throws {
        template = try TemporaryDirectory("template")
        let holdfast = CommandRunner(root: template("store"))
        try holdfast("volume", "create", "kept").check()
        let data = template("store/volumes/kept/_data")
        try TreeBuilder(data).fill(seed: 5, RandomTreeOptions(entries: 6, largestFileBytes: 500))
        kept = try TreeFingerprint(data)
        try template.makeDirectory("shop")
        try TreeBuilder(template("shop")).file(
            "compose.yaml",
            """
            name: shop
            services: {web: {volumes: ["a:/a", "./new/dir:/d"]}}
            volumes: {a: , b: , kept: {external: true}}
            """)
    }

    private func requireKept(_ run: FaultSweep.Run) throws {
        try run.checkStoreIsClean()
        try require(try run.names().contains("kept"), "the old volume is lost", run)
        try run.requireSameTree("\(run.folder)/store/volumes/kept/_data", kept, "the old volume changed")
    }

    @Test(
        "compose up: everything is there, or what is missing comes with the next run",
        arguments: FaultSweep.possibleTroubles)
    func up(_ trouble: FaultSweep.Trouble) throws {
        try FaultSweep(template: template, arguments: ["compose", "up", "-f", "{}/shop/compose.yaml"]).run(trouble) {
            run in
            try requireKept(run)
            let names = try run.names()
            if run.result.status == 0 {
                try require(names == ["kept", "shop_a", "shop_b"], "a volume is missing: \(names)", run)
            }
            try run.holdfast("compose", "up", "-f", "\(run.folder)/shop/compose.yaml").check()
            try require(try run.names() == ["kept", "shop_a", "shop_b"], "the next run does not finish", run)
            let isThere = try Tool.run("test", "-d", "\(run.folder)/shop/new/dir").status == 0
            try require(isThere, "the directory is missing", run)
        }
    }

    @Test(
        "compose down -v: what is acknowledged is gone, and the next run removes the rest",
        arguments: FaultSweep.possibleTroubles)
    func down(_ trouble: FaultSweep.Trouble) throws {
        try CommandRunner(root: template("store"))("compose", "up", "-f", template("shop/compose.yaml")).check()
        try FaultSweep(template: template, arguments: ["compose", "down", "-v", "-f", "{}/shop/compose.yaml"]).run(
            trouble
        ) {
            run in
            try requireKept(run)
            let names = try run.names()
            if run.result.status == 0 {
                try require(names == ["kept"], "an acknowledged removal is undone: \(names)", run)
            }
            try run.holdfast("compose", "down", "-v", "-f", "\(run.folder)/shop/compose.yaml").check()
            try require(try run.names() == ["kept"], "the next run does not finish", run)
        }
    }
}

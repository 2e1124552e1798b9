import StorageModel
import TestSupport
import Testing

/// Goal: whatever happened to a layer on disk is found and named. Method: one change at a time to a sound layer.
@Suite("Verifying layers", .enabled(if: Environment.isRoot, "owners need root")) struct LayerVerifierTests {
    static let changes: [(script: String, finding: String)] = [
        ("printf X | dd of=d/f conv=notrunc status=none; touch -d @1700000000 d/f", "d/f"),
        ("truncate -s 3 d/f", "d/f"),
        ("rm d/f", "d/f"),
        ("rm -r d", "d"),
        ("chmod 600 d/f", "'d/f' has mode 600, not 644"),
        ("chown 5:5 d/f; chmod 644 d/f", "'d/f' belongs to 5:5, not 0:0"),
        ("touch d/f", "'d/f' has another modification time"),
        ("ln -sfn elsewhere link", "'link' leads elsewhere"),
        ("rm link; echo x > link", "'link' is a file, not a symlink"),
        ("touch d/stranger; touch -d @1700000000 d", "'d/stranger' was not part of the layer"),
        ("chmod 711 d", "'d' has mode 711, not 755"),
        ("rm ../skeleton.zst", "lost its files"),
        ("truncate -s 20 ../skeleton.zst", "skeleton"),
        ("printf X | dd of=../skeleton.zst bs=1 seek=30 conv=notrunc status=none", ""),
    ]

    @Test("every change to a layer is found", arguments: changes.map(\.script))
    func change(script: String) throws {
        let fixture = try LayerFixture()
        let top = try fixture.add([
            [
                .directory("d"), .file("d/f", String(repeating: "content ", count: 3000)),
                .symbolicLink("link", to: "d/f"),
            ]
        ])
        let before = try fixture.findings(top)
        #expect(before.isEmpty, "\(before)")
        try Tool.script("cd \"$1\"; \(script)", fixture.tree(top)).check()
        let wanted = try #require(Self.changes.first { $0.script == script }).finding
        do {
            let findings = try fixture.findings(top)
            #expect(findings.contains { $0.contains(wanted) }, "\(findings)")
        } catch let error as StorageError {
            #expect(error.code == .damaged && error.message.contains(wanted), "\(error)")
        }
    }
}

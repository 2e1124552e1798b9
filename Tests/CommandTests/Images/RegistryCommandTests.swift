import TestSupport
import Testing

/// Goal: images go to a real registry and come back the same, with other tools at the other end. Method: docker-registry on
/// loopback, skopeo as the other client, the binary.
@Suite(
    "image pull and push",
    .enabled(if: RegistryServer.isPossible && Environment.isRoot, "needs docker-registry, skopeo and root"))
struct RegistryCommandTests {
    private let store: StoreFixture
    private let registry: RegistryServer

    init() throws {
        store = try StoreFixture("registry")
        registry = try RegistryServer()
    }

    private func inspect(_ image: String) throws -> JSON {
        try JSON(parsing: store.holdfast("image", "inspect", image).check().text)[0]
    }

    @Test(
        "what skopeo pushed is pulled, whatever its compression; again, nothing is transferred",
        arguments: [
            Compression.none, .gzip, .zstd,
        ])
    func pulls(_ compression: Compression) throws {
        let image = try ImageFixture.sample(["app:1"], compression)
        try ImageLayout.layout.write([image], to: store("app.tar"))
        let name = "\(registry.host)/team/app:1"
        try registry.copy(
            "oci-archive:" + store("app.tar"), to: "docker://" + name, "--dest-tls-verify=false", "--preserve-digests")
        let pulled = try JSON(parsing: store.holdfast("image", "pull", name, "--json").check().text)[0]
        #expect(pulled["id"].text == image.id && pulled["newLayers"].integer == 3)
        let found = try inspect(name)
        #expect(found["layers"].elements.map { $0["diffId"].text } == image.layers.map(\.diffID))
        let digest = try #require(found["repositoryDigests"].elements.first?.text)
        #expect(digest.hasPrefix("\(registry.host)/team/app@sha256:"))
        let again = try JSON(parsing: store.holdfast("image", "pull", digest, "--json").check().text)[0]
        #expect(again["newLayers"].integer == 0 && again["new"].boolean == false)
        try store.holdfast("check", "--read-data").check()
    }

    @Test("what is pushed is read by skopeo, with the same id; again, nothing is transferred")
    func pushes() throws {
        let image = try ImageFixture.sample(["app:1"])
        try ImageLayout.docker25.write([image], to: store("app.tar"))
        try store.holdfast("image", "load", "-i", store("app.tar")).check()
        let name = "\(registry.host)/pushed/app:2"
        let report = try JSON(parsing: store.holdfast("image", "push", "app:1", name, "--json").check().text)
        #expect(report["layers"].integer == 3 && report["uploadedLayers"].integer == 3)
        try registry.copy("docker://" + name, to: "oci-archive:" + store("back.tar"), "--src-tls-verify=false")
        let other = CommandRunner(root: store("other"))
        try other("image", "load", "-i", store("back.tar")).check()
        #expect(try other("image", "ls", "-q").check().text == image.id + "\n")
        let again = try JSON(parsing: store.holdfast("image", "push", "app:1", name, "--json").check().text)
        #expect(again["uploadedLayers"].integer == 0 && again["digest"].text == report["digest"].text)
        try other("image", "rm", "--force", String(image.id.dropFirst(7))).check()
        try other("image", "pull", name).check()
        #expect(try other("image", "ls", "-q").check().text == image.id + "\n")
    }

    @Test("what the registry has not is not found; what is no registry is named")
    func failures() throws {
        let missing = try store.holdfast("image", "pull", "\(registry.host)/no/such:1")
        #expect(missing.status == 4 && missing.errorText.contains("no/such"), "\(missing)")
        let silent = try store.holdfast("image", "pull", "127.0.0.1:1/a:1")
        #expect(silent.status == 1 && silent.errorText.contains("127.0.0.1:1"), "\(silent)")
        #expect(try store.holdfast("image", "push", "nix:1", "\(registry.host)/a:1").status == 4)
        #expect(try store.leftovers(in: "staging").isEmpty)
    }
}

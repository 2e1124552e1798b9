import Compose
import StorageModel
import Testing

@Suite("Names of compose projects") struct ProjectNameTests {
    @Test("names that Docker Compose takes", arguments: ["a", "shop", "1st", "my-app_2"])
    func accept(_ text: String) throws { #expect(try ComposeProjectName(text).rawValue == text) }

    @Test("names that it refuses", arguments: ["", "Shop", "-a", "_a", "a b", "a/b", "ä"])
    func refuse(_ text: String) {
        #expect(throws: StorageError.self) { try ComposeProjectName(text) }
    }
}

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

    @Test("what is said first counts: the command line, the environment, the file, the directory")
    func precedence() throws {
        let text = "name: written\nvolumes: {v: }"
        let environment = ["COMPOSE_PROJECT_NAME": "fromenv"]
        #expect(try load(text, name: "given", environment: environment).name.rawValue == "given")
        #expect(try load(text, name: nil, environment: environment).name.rawValue == "fromenv")
        #expect(try load(text, name: nil, environmentFile: "COMPOSE_PROJECT_NAME=dot").name.rawValue == "dot")
        #expect(try load(text, name: nil).name.rawValue == "written")
        #expect(try load("volumes: {v: }", name: nil).name.rawValue == "shop")
        #expect(try load("name: a\nvolumes: ", "name: b", name: nil).name.rawValue == "b")
        #expect(try load("name: ${X:-y}\nvolumes: {v: }", name: nil).name.rawValue == "y")
    }

    @Test(
        "a directory's name is made fit",
        arguments: [
            ("/srv/My Shop!", "myshop"), ("/srv/_a-b", "a-b"), ("/srv/Größe", "gre"), ("/srv/1.2", "12"),
            ("/a/b/", "b"),
        ])
    func directory(_ path: String, _ expected: String) throws {
        #expect(try load("volumes: {v: }", name: nil, directory: path).name.rawValue == expected)
    }

    @Test("nothing fit is an error")
    func nothing() {
        #expect(throws: StorageError.self) { try load("volumes: {v: }", name: nil, directory: "/äöü") }
        #expect(throws: StorageError.self) { try load("volumes: {v: }", name: "Shop") }
    }

    @Test("the name is a variable of the file")
    func variable() throws {
        let project = try load("volumes: {v: {name: 'x-${COMPOSE_PROJECT_NAME}'}}", name: "given")
        #expect(project.volume("v")?.name == "x-given")
    }
}

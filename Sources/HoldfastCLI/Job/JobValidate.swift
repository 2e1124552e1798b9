internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast job validate`: looks at job files without running anything.
struct JobValidate: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Look for mistakes in job files, and show all of them.",
        discussion: helpText(
            "Each mistake is one line on standard output: FILE:LINE:COLUMN: what is wrong; what is expected. Status 2 for any.",
            examples: ["holdfast job validate nightly.yaml", "holdfast job validate --json"]))

    @Argument(
        help: ArgumentHelp("Job files. Default: those of the directory of job files.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var files: [String] = []

    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let paths = files.isEmpty ? try JobFiles.list() : files
        if paths.isEmpty { console.mention("there are no job files in '\(JobFiles.directory.printable())'") }
        var contents: [JobFileContent] = []
        for path in paths {
            do throws(StorageError) { contents.append(try JobFiles.read(path)) } catch { try console.report(error) }
        }
        for content in contents where !content.faults.isEmpty { console.note(.usage) }
        if output.json { return try console.print(.array(contents.map(json))) }
        for content in contents {
            for fault in content.faults { try console.print(fault.description + "\n") }
            if content.faults.isEmpty {
                let names = content.jobs.map(\.name.rawValue).joined(separator: ", ")
                try console.print("\(content.file.printable()): no mistakes: \(names)\n")
            }
        }
    }

    private func json(_ content: JobFileContent) -> JSONValue {
        [
            "file": .string(content.file), "valid": .boolean(content.faults.isEmpty),
            "jobs": .array(content.jobs.map { .string($0.name.rawValue) }),
            "faults": .array(
                content.faults.map { fault in
                    [
                        "file": .string(fault.file), "line": .integer(Int64(fault.line)),
                        "column": .integer(Int64(fault.column)), "message": .string(fault.reason),
                    ]
                }),
        ]
    }
}

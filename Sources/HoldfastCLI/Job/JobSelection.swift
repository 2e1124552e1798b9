internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// Which jobs a command means: all of a file, some of a file, or some of those in the directory of job files.
struct JobSelection: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "A job file, and perhaps names of jobs in it; or names of jobs in the directory of job files.",
            valueName: "file-or-name"), completion: .file(extensions: ["yaml", "yml"]))
    var targets: [String] = []

    @Option(
        name: .customLong("file"), help: ArgumentHelp("The file in which the jobs are.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var file: String?

    /// A job and the file it was found in.
    struct Found {
        let job: Job
        let file: String
    }

    private var chosenFile: String? {
        if let file { return file }
        guard let first = targets.first, first.contains("/") || first.hasSuffix(".yaml") || first.hasSuffix(".yml")
        else {
            return nil
        }
        return first
    }

    private var names: [String] { file == nil && chosenFile != nil ? Array(targets.dropFirst()) : targets }

    /// The jobs, of which at least one is named, or a file.
    ///
    /// - Throws: ``StorageModel/StorageError/Code/invalidInput`` for mistakes in a file, after they were told;
    ///   ``StorageModel/StorageError/Code/notFound`` for a job that is in none.
    func found(_ console: Console) throws(StorageError) -> [Found] {
        if let chosenFile {
            let content = try sound(try JobFiles.read(chosenFile), console)
            guard !names.isEmpty else { return content.jobs.map { Found(job: $0, file: content.file) } }
            return try names.map { name throws(StorageError) in
                guard let job = content.jobs.first(where: { $0.name.rawValue == name }) else {
                    throw unknown(name, in: "'\(chosenFile.printable(limit: 200))'", content.jobs)
                }
                return Found(job: job, file: content.file)
            }
        }
        guard !names.isEmpty else {
            throw StorageError(
                .invalidInput, "no job is named", hint: "name a job file, or a job of \(JobFiles.directory.printable())"
            )
        }
        var contents: [JobFileContent] = []
        for path in try JobFiles.list() { contents.append(try JobFiles.read(path)) }
        return try names.map { name throws(StorageError) in try find(name, in: contents, console) }
    }

    private func find(
        _ name: String, in contents: [JobFileContent], _ console: Console
    ) throws(StorageError) -> Found {
        let holders = contents.filter { content in content.jobs.contains { $0.name.rawValue == name } }
        guard holders.count <= 1 else {
            let files = holders.map { "'\($0.file.printable())'" }.joined(separator: " and ")
            throw StorageError(
                .conflict, object: name, "there is a job '\(name.printable(limit: 80))' in \(files)",
                hint: "rename one of them: they would share a lock and a history")
        }
        guard let holder = holders.first, let job = holder.jobs.first(where: { $0.name.rawValue == name }) else {
            // Perhaps it is in a file that could not be understood.
            for content in contents where !content.faults.isEmpty { _ = try sound(content, console) }
            throw unknown(name, in: "'\(JobFiles.directory.printable())'", contents.flatMap(\.jobs))
        }
        _ = try sound(holder, console)
        return Found(job: job, file: holder.file)
    }

    private func unknown(_ name: String, in place: String, _ jobs: [Job]) -> StorageError {
        let known = jobs.map(\.name.rawValue)
        return StorageError(
            .notFound, object: name, "there is no job '\(name.printable(limit: 80))' in \(place)",
            hint: NearestWord.hint(
                for: name, in: known,
                otherwise: known.isEmpty ? "there are no jobs at all" : "the jobs are \(known.joined(separator: ", "))")
        )
    }

    private func sound(_ content: JobFileContent, _ console: Console) throws(StorageError) -> JobFileContent {
        guard !content.faults.isEmpty else { return content }
        for fault in content.faults { console.tell(fault.description) }
        throw content.refusal(withFaults: console.isJSON)
    }
}

extension JobFileContent {
    /// The error for a file with mistakes.
    ///
    /// - Parameter withFaults: whether they are in it, one by one.
    func refusal(withFaults: Bool) -> StorageError {
        let count = faults.count == 1 ? "a mistake" : "\(faults.count) mistakes"
        return StorageError(
            .invalidInput, object: file, "there \(faults.count == 1 ? "is" : "are") \(count) in '\(file.printable())'",
            hint: "correct the file; 'holdfast job validate' looks at it without running anything",
            causes: withFaults ? faults.map(\.description) : [])
    }
}

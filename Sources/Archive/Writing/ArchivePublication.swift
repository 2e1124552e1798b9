internal import FileTree
package import StorageModel

/// An archive that is being written beside its final name: others see the whole archive or none.
package struct ArchivePublication {
    private let directoryPath: String
    private let file: FilePublication

    /// Begins an archive in the directory at `path`, which must exist.
    package init(inDirectory path: String) throws(StorageError) {
        directoryPath = path
        do throws(FileError) {
            file = try FilePublication(inDirectory: path)
        } catch {
            throw StorageError(error, doing: "write an archive to '\(path.printable())'", object: path)
        }
    }

    package func makeSink(isDurable: Bool, pace: Pace = .unlimited) throws(StorageError) -> FileSink {
        do throws(FileError) {
            return FileSink(
                SharedDescriptor(try file.openFile()), name: directoryPath, startsAtZero: true,
                startsWriteback: isDurable, pace: pace)
        } catch {
            throw StorageError(
                error, doing: "write an archive to '\(directoryPath.printable())'", object: directoryPath)
        }
    }

    /// How many files of writers that are gone were removed to make room.
    package var sweptFiles: Int { file.sweptFiles }

    /// Notes what is written, beside the file, as soon as there is something to note.
    package func makeJournal(_ origin: ArchiveOrigin) -> RunJournal {
        let file = file
        return RunJournal(origin) { () throws(FileError) in try file.makeJournal() }
    }

    /// Leaves what was written for the next run, with its journal.
    package func leave() { file.leave() }

    /// Brings the file to disk and gives it the first of `names` that is free.
    ///
    /// - Parameter replaces: takes the first name even if a file has it.
    /// - Returns: the name.
    package func publish(
        _ names: some Sequence<String>, replaces: Bool, isDurable: Bool
    ) throws(StorageError) -> String {
        do throws(FileError) {
            if let name = try file.publish(names, replaces: replaces, isDurable: isDurable) { return name }
        } catch {
            throw StorageError(
                error, doing: "publish an archive in '\(directoryPath.printable())'", object: directoryPath)
        }
        throw StorageError(
            .conflict, object: directoryPath, "an archive of that name exists in '\(directoryPath.printable())'",
            hint: "choose another name, or replace it with --force")
    }
}

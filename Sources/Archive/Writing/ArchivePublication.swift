internal import FileTree
package import StorageModel

/// An archive that is being written beside its final name: others see the whole archive or none.
package final class ArchivePublication {
    private let directoryPath: String
    private let file: FilePublication
    /// What the sink writes through, to be flushed before the file is whole.
    private var direct: DirectWriter?

    /// Begins an archive in the directory at `path`, which must exist.
    package init(inDirectory path: String) throws(StorageError) {
        directoryPath = path
        do throws(FileError) {
            file = try FilePublication(inDirectory: path)
        } catch {
            throw StorageError(error, doing: "write an archive to '\(path.printable())'", object: path)
        }
    }

    /// What the archive is written to. Called once; the file is whole when it is published, not before.
    ///
    /// - Parameter isDurable: whether it will be synced, and is written past the page cache where that is possible.
    package func makeSink(isDurable: Bool, pace: Pace = .unlimited) throws(StorageError) -> FileSink {
        do throws(FileError) {
            let descriptor = SharedDescriptor(try file.openFile())
            direct = isDurable ? DirectWriter(descriptor) : nil
            return FileSink(
                descriptor, name: directoryPath, startsAtZero: true, startsWriteback: isDurable, pace: pace,
                direct: direct)
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
    package func leave() {
        // What cannot be written any more is missing from the file, and known to be by its size.
        try? direct?.flush()
        file.leave()
    }

    /// Brings the file to disk and gives it the first of `names` that is free.
    ///
    /// - Parameter replaces: takes the first name even if a file has it.
    /// - Returns: the name.
    package func publish(
        _ names: some Sequence<String>, replaces: Bool, isDurable: Bool
    ) throws(StorageError) -> String {
        do throws(FileError) {
            try direct?.flush()
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

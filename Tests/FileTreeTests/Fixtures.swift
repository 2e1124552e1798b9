import FileTree
import StorageModel
import TestSupport
import Testing

extension Tag {
    @Tag static var needsRoot: Self
}

/// The bytes of a name.
func name(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A path that is known to be well formed.
func path(_ text: String) -> EntryPath { EntryPath(trusted: Array(text.utf8)) }

/// A temporary directory with a descriptor of it.
struct Place {
    let directory: TemporaryDirectory
    let shared: SharedDescriptor

    init(_ label: String = "filetree") throws {
        directory = try TemporaryDirectory(label)
        shared = SharedDescriptor(try Descriptor.openDirectory(atHostPath: directory.path))
    }

    var descriptor: SharedDescriptor { shared }

    /// Builds entries in the subdirectory `relative` of it.
    func builder(_ relative: String) throws -> TreeBuilder { try TreeBuilder(directory(relative)) }
}

/// The number of the error that `body` throws; `nil` if it throws none.
func errorNumber<Result: ~Copyable>(_ body: () throws(FileError) -> Result) -> Errno? {
    do throws(FileError) {
        _ = try body()
        return nil
    } catch {
        return error.errno
    }
}

/// A chain of `depth` directories below `root`, each called `d`, with a file at the bottom. Made by a shell that changes
/// into each of them, as no path of that length can be used.
func makeDeepTree(_ root: String, depth: Int) throws {
    let script = """
        mkdir -p "$1"; cd "$1"
        perl -e 'for (1..$ARGV[0]) { mkdir "d" or die; chdir "d" or die } open F, ">bottom" or die; print F "x"' "$2"
        """
    try Tool.script(script, root, String(depth)).check()
}

internal import FileTree
internal import Freezing
public import StorageModel

/// What this program starts itself for, as another process. Nobody else calls it.
public enum InternalCommands {
    /// The name of the command that ``thaw()`` is the work of. A program that backs up with ``ConsistencyMode/freeze`` must
    /// have it: it starts itself again with this one word as its argument.
    public static let thawCommand = FreezeWatchdog.command

    /// Watches over a freeze by standard input and output, until the process that froze is done or gone.
    public static func thaw() throws(StorageError) {
        do throws(FileError) { try WatchdogProcess.run() } catch {
            throw StorageError(error, doing: "watch over a freeze", object: thawCommand)
        }
    }
}

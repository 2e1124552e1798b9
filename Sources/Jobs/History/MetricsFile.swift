internal import FileTree
package import StorageModel

/// Files that the textfile collector of node_exporter reads.
package enum MetricsFile {
    /// Puts the file in the old one's place in one step. Everybody may read it, as the collector is another user; while it is
    /// written, its name does not end in `.prom`.
    package static func write(_ families: [MetricFamily], to path: String) throws(StorageError) {
        let (directory, name) = HostPath.split(path)
        do throws(FileError) {
            try FilePublication.replace(
                name, inDirectory: directory, with: OpenMetricsText.text(families), mode: 0o644)
        } catch {
            throw StorageError(
                error, doing: "write the metrics to '\(path.printable())'", object: path,
                hint: error.errno == .noEntry ? "make the directory, or leave out 'metrics'" : nil)
        }
    }
}

internal import FileTree
internal import Reports
public import StorageModel

/// What scans found as pictures, pages and metrics, and the files that they are written to.
///
/// Making the texts touches nothing. Reports should have trees; those without are one tile.
public enum UsagePictures {
    /// A treemap as one SVG file that needs nothing else.
    public static func treemap(_ reports: [UsageReport], byAge: Bool = false) -> String {
        TreemapSVG.render(reports, coloring: byAge ? .age : .kind)
    }

    /// Treemap, history and tables as one HTML file that loads nothing.
    public static func page(
        _ reports: [UsageReport], history: [UsageSeries] = [], madeAt: Timestamp = .now
    ) -> String {
        UsagePage.render(reports, history: history, madeAt: madeAt)
    }

    /// Metrics for the textfile collector of node_exporter.
    ///
    /// - Parameters:
    ///   - volumes: those of the store that are among the sources.
    ///   - reclaimable: bytes that pruning would free, by kind.
    public static func metrics(
        _ reports: [UsageReport], volumes: [VolumeDetails] = [], history: [UsageSeries] = [],
        reclaimable: [String: UInt64] = [:], version: String
    ) -> String {
        let known = volumes.map { details in
            (
                details.volume.name,
                UsageMetrics.Volume(
                    driver: details.volume.driver, references: details.references.count,
                    lastMountedAt: details.volume.lastMountedAt)
            )
        }
        return OpenMetricsText.text(
            UsageMetrics.families(
                reports, volumes: Dictionary(known) { first, _ in first }, history: history, reclaimable: reclaimable,
                version: version))
    }

    /// Who may read a file that is written.
    public enum Audience: Sendable {
        /// Its owner: names of files are nobody else's concern.
        case owner
        /// Everybody: node_exporter runs as another user.
        case everybody

        var mode: UInt16 { self == .owner ? 0o600 : 0o644 }
    }

    /// Writes a file at once: whoever reads it meanwhile has the old one or the new one, and a failure leaves the old one.
    ///
    /// It is written beside its name as `.holdfast-….partial`, which no collector takes for its own.
    ///
    /// - Throws: ``StorageModel/StorageError/Code/notFound`` if the directory is missing, ``StorageModel/StorageError/Code/noSpace``, …
    public static func write(_ text: String, to path: String, for audience: Audience) throws(StorageError) {
        let (directory, name) = HostPath.split(path)
        do throws(FileError) {
            try FilePublication.replace(name, inDirectory: directory, with: text, mode: audience.mode)
        } catch {
            throw StorageError(error, doing: "write '\(path.printable(limit: 200))'", object: path)
        }
    }
}

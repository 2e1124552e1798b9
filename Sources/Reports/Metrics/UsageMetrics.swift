package import StorageModel

/// What scans found, as metrics for the textfile collector of node_exporter.
///
/// Names and units follow prometheus.io/docs/practices/naming. A volume of the store is labelled by its name, one of another
/// engine as `docker:NAME`, with the engine as the driver where the driver is not known.
package enum UsageMetrics {
    /// What is known of a volume besides what it takes.
    package struct Volume: Sendable {
        package let driver: String
        /// How many containers mount it.
        package let references: Int
        package let lastMountedAt: Timestamp?

        package init(driver: String, references: Int, lastMountedAt: Timestamp?) {
            self.driver = driver
            self.references = references
            self.lastMountedAt = lastMountedAt
        }
    }

    /// - Parameters:
    ///   - volumes: what is known of those of the store, by name.
    ///   - history: of these sources, with the file systems that hold them.
    ///   - reclaimable: bytes that pruning would free, by what it would remove: `images`, `containers`, `volumes`, …
    package static func families(
        _ reports: [UsageReport], volumes: [VolumeName: Volume] = [:], history: [UsageSeries] = [],
        reclaimable: [String: UInt64] = [:], version: String
    ) -> [MetricFamily] {
        let rows = reports.map { Row($0, volumes: volumes, history: history) }
        let inStore = rows.filter { $0.volume != nil }
        return sizes(rows) + trends(rows) + [
            family(
                "holdfast_volume_references", "Containers that mount the volume", inStore,
                { $0.volume.map { .count(UInt64($0.references)) } }),
            family(
                "holdfast_volume_last_mount_timestamp_seconds", "When a container last had the volume; 0 for never",
                inStore, { $0.volume.map { .time($0.lastMountedAt) } }),
            MetricFamily(
                "holdfast_reclaimable_bytes", "What pruning would free now",
                reclaimable.sorted { $0.key < $1.key }.map { .init([.init("kind", $0.key)], .count($0.value)) }),
            family(
                "holdfast_scan_timestamp_seconds", "When the scan began", rows, labels: \.source,
                { .time($0.report.scannedAt) }),
            family(
                "holdfast_scan_duration_seconds", "How long the scan took", rows, labels: \.source,
                { .number(($0.report.seconds * 1000).rounded() / 1000) }),
            family(
                "holdfast_scan_errors", "Entries that the scan could not read", rows, labels: \.source,
                { .count($0.report.totals.errors) }),
            family(
                "holdfast_scan_partial", "Whether the scan was stopped before its end", rows, labels: \.source,
                { .flag($0.report.isPartial) }),
            MetricFamily(
                "holdfast_build_info", "The version that wrote this", [.init([.init("version", version)], .count(1))]),
        ]
    }

    private static func sizes(_ rows: [Row]) -> [MetricFamily] {
        let volumes = rows.filter { !$0.isDirectory }
        let directories = rows.filter(\.isDirectory)
        return [
            family(
                "holdfast_volume_size_bytes", "Allocated on disk, every inode once", volumes,
                { .count($0.report.totals.allocatedBytes) }),
            family(
                "holdfast_volume_apparent_size_bytes", "Sizes of all files", volumes,
                { .count($0.report.totals.apparentBytes) }),
            family("holdfast_volume_inodes", "Files and directories", volumes, { .count($0.inodes) }),
            family(
                "holdfast_directory_size_bytes", "Allocated on disk, every inode once", directories,
                { .count($0.report.totals.allocatedBytes) }),
            family(
                "holdfast_directory_apparent_size_bytes", "Sizes of all files", directories,
                { .count($0.report.totals.apparentBytes) }),
            family("holdfast_directory_inodes", "Files and directories", directories, { .count($0.inodes) }),
            family(
                "holdfast_source_shared_bytes", "Allocated to inodes that other sources have names of too", rows,
                labels: \.source, { .count($0.report.sharedBytes) }),
        ]
    }

    private static func trends(_ rows: [Row]) -> [MetricFamily] {
        [
            family(
                "holdfast_source_growth_bytes_per_second", "Median slope of the history", rows, labels: \.source,
                { row in
                    row.series?.trend.growthInterval == nil
                        ? nil : row.series?.trend.growthBytesPerDay.map { .number($0 / 86_400) }
                }),
            family(
                "holdfast_source_full_seconds", "Until its file system is full at this growth", rows, labels: \.source,
                { $0.series?.trend.daysLeft.map { .number(($0 * 86_400).rounded()) } }),
            family(
                "holdfast_filesystem_size_bytes", "Size of the file system that holds the source", rows,
                labels: \.source, { $0.series?.last?.space.map { .count($0.totalBytes) } }),
            family(
                "holdfast_filesystem_available_bytes", "Free for everybody there", rows, labels: \.source,
                { $0.series?.last?.space.map { .count($0.availableBytes) } }),
        ]
    }

    private static func family(
        _ name: String, _ help: String, _ rows: [Row], labels: (Row) -> [MetricFamily.Label] = \.labels,
        _ value: (Row) -> MetricFamily.Value?
    ) -> MetricFamily {
        MetricFamily(name, help, rows.compactMap { row in value(row).map { .init(labels(row), $0) } })
    }

    /// One source with what is known of it.
    private struct Row {
        let report: UsageReport
        let volume: Volume?
        let series: UsageSeries?
        let labels: [MetricFamily.Label]
        let source: [MetricFamily.Label]
        let isDirectory: Bool

        init(_ report: UsageReport, volumes: [VolumeName: Volume], history: [UsageSeries]) {
            self.report = report
            series = history.first { $0.source == report.source }
            source = [.init("source", report.source.description)]
            switch report.source {
            case .volume(let name):
                volume = volumes[name]
                isDirectory = false
                labels = [.init("volume", name.rawValue), .init("driver", volume?.driver ?? "local")]
            case .engineVolume(let reference):
                volume = nil
                isDirectory = false
                labels = [.init("volume", reference.description), .init("driver", reference.engine.rawValue)]
            case .directory(let path):
                volume = nil
                isDirectory = true
                labels = [.init("path", path)]
            }
        }

        var inodes: UInt64 { report.totals.files &+ report.totals.directories }
    }
}

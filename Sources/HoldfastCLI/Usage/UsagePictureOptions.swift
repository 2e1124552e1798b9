internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// Files that a scan is written to besides what is printed, and the history.
struct UsagePictureOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write a page with a treemap, history and tables: one file, without network; - is standard output.",
            valueName: "file"), completion: .file())
    var html: String?

    @Option(
        help: ArgumentHelp("Write a treemap; - is standard output.", valueName: "file"), completion: .file())
    var svg: String?

    @Option(
        help: ArgumentHelp(
            "Write metrics for the textfile collector of node_exporter, as DIR/holdfast.prom; - is standard output.",
            valueName: "file"), completion: .file())
    var openmetrics: String?

    @Flag(name: .customLong("color-by-age"), help: "Colour the treemap of --svg by age instead of kind.")
    var colorByAge = false

    @Flag(name: .customLong("no-history"), help: "Do not add the scan to the history.")
    var noHistory = false

    /// Whether scans must keep every entry. The history keeps the largest directories of those that do.
    var needsTree: Bool { html != nil || svg != nil }

    /// Whether a file takes standard output, so that nothing else may be printed there.
    var takesOutput: Bool { [html, svg, openmetrics].contains("-") }

    func validate() throws {
        if [html, svg, openmetrics].count(where: { $0 == "-" }) > 1 {
            throw ValidationError("Only one of --html, --svg and --openmetrics can take standard output.")
        }
        if let openmetrics, openmetrics != "-", !openmetrics.hasSuffix(".prom") {
            throw ValidationError("--openmetrics names a file that ends in .prom: the collector reads no other.")
        }
    }

    /// Adds the scans to the history, then writes the files. What cannot be kept or written is told, and the rest goes on.
    ///
    /// - Parameter store: `nil` where there is none: then there is no history.
    func write(_ reports: [UsageReport], store: Store?, _ console: Console) throws {
        if let store, !noHistory { console.record(reports, in: store) }
        let history = store.map { store in console.history(of: reports.map(\.source), in: store) } ?? []
        if let html { try write(UsagePictures.page(reports, history: history), to: html, for: .owner, console) }
        if let svg { try write(UsagePictures.treemap(reports, byAge: colorByAge), to: svg, for: .owner, console) }
        guard let openmetrics else { return }
        let volumes = reports.compactMap { report -> VolumeName? in
            if case .volume(let name) = report.source { return name }
            return nil
        }
        let text = UsagePictures.metrics(
            reports, volumes: try store?.inspect(volumes) ?? [], history: history, version: HoldfastCommand.version)
        try write(text, to: openmetrics, for: .everybody, console)
    }

    private func write(
        _ text: String, to path: String, for audience: UsagePictures.Audience, _ console: Console
    ) throws {
        if path == "-" { return try console.print(text) }
        do throws(StorageError) {
            try UsagePictures.write(text, to: path, for: audience)
        } catch {
            try console.report(error)
        }
    }
}

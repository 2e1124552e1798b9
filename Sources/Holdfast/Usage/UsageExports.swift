internal import FileTree
internal import Reports
public import StorageModel

/// Scans as ncdu's JSON exports, out and in.
public enum UsageExports {
    /// An export of so many bytes is read at most: some ten million entries.
    private static let limitBytes = 2 << 30

    /// Writes a scan with a tree, to a file in one step, replacing what was there, or in pieces to `output` for `-`.
    public static func write(
        _ report: UsageReport, to path: String, version: String, output: ([UInt8]) throws -> Void
    ) throws {
        guard let tree = report.tree else { return }
        let name = Array(rootName(report.source).utf8)
        if path == "-" {
            return try NcduExport.write(
                tree, named: name, scannedAt: report.scannedAt, version: version, output)
        }
        let (directory, file) = HostPath.split(path)
        do throws(FileError) {
            let publication = try FilePublication(inDirectory: directory)
            let target = try publication.openFile()
            try NcduExport.write(tree, named: name, scannedAt: report.scannedAt, version: version) {
                (piece) throws(FileError) in
                let failure: FileError? = piece.withUnsafeBytes { bytes in
                    do throws(FileError) {
                        try target.writeAll(bytes, at: nil)
                        return nil
                    } catch {
                        return error
                    }
                }
                if let failure { throw failure }
            }
            _ = try publication.publish([file], replaces: true, isDurable: true)
        } catch {
            throw StorageError(error, doing: "write '\(path.printable())'", object: path)
        }
    }

    /// Reads an export from a file, or from standard input for `-`.
    ///
    /// - Throws: ``StorageError/Code/damaged`` saying where, for what is not an export; ``StorageError/Code/notFound``.
    public static func read(_ path: String) throws(StorageError) -> UsageRunReport {
        let bytes: [UInt8]
        do throws(FileError) {
            let file = try path == "-" ? Descriptor.standardInput() : Descriptor.openFile(atHostPath: path)
            bytes = try file.readToEnd(limitBytes: limitBytes)
        } catch {
            throw StorageError(error, doing: "read '\(path.printable())'", object: path)
        }
        let export = try NcduImport(parsing: bytes, of: path == "-" ? "standard input" : path)
        var totals = UsageTotals()
        for index in 0..<export.tree.count { totals += export.tree[index].ownTotals }
        var run = UsageRunReport()
        run.reports = [
            UsageReport(
                source: source(named: String(decoding: export.name, as: UTF8.self)), totals: totals,
                scannedAt: export.exportedAt ?? .now, seconds: 0, tree: export.tree)
        ]
        run.sum.totals = totals
        return run
    }

    /// The source that an export of ours names; a path stands for a directory.
    private static func source(named name: String) -> SourceReference {
        guard !name.hasPrefix("/") else { return .directory(name) }
        do throws(StorageError) { return try SourceReference(name) } catch { return .directory(name) }
    }

    private static func rootName(_ source: SourceReference) -> String {
        if case .directory(let path) = source { return path }
        return source.description
    }
}

internal import Holdfast
internal import StorageModel

/// What `df` shows to people.
struct DiskFreeTables {
    private let report: DiskFreeReport
    /// The store as the user named it, for the commands of the plan.
    private let root: String?

    init(_ report: DiskFreeReport, root: String?) {
        self.report = report
        self.root = root
    }

    /// One line for each kind of thing.
    var summary: Table {
        var table = Table([
            Table.Column(heading: "TYPE"), Table.Column(heading: "TOTAL", isNumber: true),
            Table.Column(heading: "ACTIVE", isNumber: true), Table.Column(heading: "SIZE", isNumber: true),
            Table.Column(heading: "RECLAIMABLE", isNumber: true),
        ])
        append("Images", report.images, to: &table)
        append("Containers", report.containers, to: &table)
        append("Volumes", report.volumes, to: &table)
        if !report.backupItems.isEmpty { append("Backups", report.backups, to: &table, isReclaimable: false) }
        append("Cache", report.cache, to: &table)
        let share = report.fileSystem
        table.append(["Store", "-", "-", share.storeBytes.asBytes, "-"])
        table.append(["Unaccounted", "-", "-", share.unaccountedBytes.asBytes, "-"])
        return table
    }

    private func append(_ type: String, _ sum: SpaceSum, to table: inout Table, isReclaimable: Bool = true) {
        let mark = sum.isLowerBound ? "≥" : ""
        table.append([
            type, String(sum.totalCount), String(sum.activeCount), mark + sum.sizeBytes.asBytes,
            isReclaimable ? "\(mark)\(sum.reclaimableBytes.asBytes) (\(sum.reclaimablePercent)%)" : "-",
        ])
    }

    /// What the figures of the file system mean, and how old the sizes are.
    var notes: String {
        let share = report.fileSystem
        var lines = [
            "File system: \(share.totalBytes.asBytes), \(share.usedBytes.asBytes) used, "
                + "\(share.availableBytes.asBytes) available, \(share.reservedBytes.asBytes) reserved for root"
        ]
        lines.append(
            "Unaccounted: \(share.deletedOpenBytes.asBytes) in \(share.deletedOpenFiles.count) deleted files that are "
                + "still open\(share.seesAllProcesses ? "" : " (of all processes only root sees them)"), "
                + "\(share.otherBytes.asBytes) in other directories and the file system's own")
        for file in share.deletedOpenFiles.prefix(Self.shownFiles) {
            lines.append(
                "  \(file.allocatedBytes.asBytes)  process \(file.process) (\(file.command.printable(limit: 40))) has "
                    + "'\(String(decoding: file.path, as: UTF8.self).printable(limit: 300))' open")
        }
        if share.deletedOpenFiles.count > Self.shownFiles {
            lines.append("  and \(share.deletedOpenFiles.count - Self.shownFiles) more (--json has them all)")
        }
        if share.overcountedBytes > 0 {
            lines.append(
                "\(share.overcountedBytes.asBytes) more are counted than used: extents that several files share count "
                    + "with each of them")
        }
        if let oldest = report.oldestRemembered {
            lines.append("Sizes of volumes and containers are up to \(age(of: oldest)) old (--max-age)")
        }
        return "\n" + lines.map { $0 + "\n" }.joined()
    }

    private static let shownFiles = 10

    /// How long before the report something was measured.
    private func age(of time: Timestamp) -> String {
        durationText(seconds: Double(max(0, report.takenAt.seconds - time.seconds)))
    }
}

// MARK: Details

extension DiskFreeTables {
    /// The tables of `-v` with their titles.
    func details(showsLayers: Bool) -> [(String, Table)] {
        var tables = [("Images:", images), ("Containers:", containers), ("Volumes:", volumes)]
        if !report.backupItems.isEmpty { tables.append(("Backups:", backups)) }
        if !report.cacheItems.isEmpty { tables.append(("Cache:", cache)) }
        if showsLayers { tables += layerDetails }
        if !report.plan.isEmpty { tables.append(("What can be freed:", plan)) }
        return tables
    }

    var layerDetails: [(String, Table)] { [("Layers:", layers)] }

    private var images: Table {
        var table = Table(
            [Table.Column(heading: "IMAGE", isFlexible: true), Table.Column(heading: "ID")]
                + Self.numbers("SIZE", "SHARED", "UNIQUE", "FREES NOW", "CONTAINERS"))
        for item in report.imageItems {
            table.append([
                item.image.tags.isEmpty ? "<none>" : item.image.tags.map(\.description).joined(separator: ", "),
                item.image.id.short, item.sizeBytes.asBytes, item.sharedBytes.asBytes, item.uniqueBytes.asBytes,
                item.reclaimableBytes.asBytes, String(item.containers.count),
            ])
        }
        return table
    }

    private var containers: Table {
        var table = Table(
            [
                Table.Column(heading: "CONTAINER"), Table.Column(heading: "ID"),
                Table.Column(heading: "IMAGE", isFlexible: true), Table.Column(heading: "ACTIVE"),
            ] + Self.numbers("CHANGES", "SIZE", "FREES NOW", "AGE"))
        for item in report.containerItems {
            table.append([
                item.container.name.rawValue, item.container.id.short, item.container.imageName,
                item.isActive ? "yes" : "no", text(item.upper), text(item.size), item.reclaimableBytes.asBytes,
                age(of: item.size),
            ])
        }
        return table
    }

    private var volumes: Table {
        var table = Table(
            [Table.Column(heading: "VOLUME NAME", isFlexible: true)]
                + Self.numbers("LINKS", "FILES", "SIZE", "FREES NOW", "AGE")
                + [Table.Column(heading: "USED"), Table.Column(heading: "OPTIONS")])
        for item in report.volumeItems {
            let volume = item.details.volume
            table.append([
                volume.name.rawValue, String(item.details.references.count),
                item.size.map { $0.method == .walk ? $0.totals.files.grouped : "-" } ?? "-",
                text(item.size) + (item.isInStore ? "" : " elsewhere"), item.reclaimableBytes.asBytes,
                age(of: item.size), item.isActive ? "yes" : volume.isProtected ? "protected" : "no",
                Self.options(of: volume),
            ])
        }
        return table
    }

    /// Without passwords.
    private static func options(of volume: Volume) -> String {
        // Options that a newer version wrote say nothing here.
        guard let options = try? LocalDriverOptions(volume.options) else {
            return volume.options.keys.sorted().joined(separator: ",")
        }
        let size = options.sizeBytes.map { "size=\($0.asBytes)" }
        return [options.device?.description, size].compactMap { $0 }.joined(separator: ",")
    }

    private var backups: Table {
        var table = Table(
            [Table.Column(heading: "DESTINATION", isFlexible: true)]
                + Self.numbers("ARCHIVES", "SIZE", "APPARENT", "OTHER"))
        for item in report.backupItems {
            table.append([
                item.destination, String(item.archives), (item.errors > 0 ? "≥" : "") + item.archiveBytes.asBytes,
                item.archiveApparentBytes.asBytes, item.otherBytes.asBytes,
            ])
        }
        return table
    }

    private var cache: Table {
        var table = Table([
            Table.Column(heading: "WHAT"), Table.Column(heading: "ACTIVE"),
            Table.Column(heading: "SIZE", isNumber: true),
            Table.Column(heading: "PATH", isFlexible: true),
        ])
        for item in report.cacheItems {
            table.append([
                item.kind.rawValue, item.isActive ? "yes" : "no",
                (item.errors > 0 ? "≥" : "") + item.allocatedBytes.asBytes, item.path,
            ])
        }
        return table
    }

    private var layers: Table {
        var table = Table(
            [Table.Column(heading: "LAYER"), Table.Column(heading: "PARENT")] + Self.numbers("SIZE", "IMAGES")
                + [Table.Column(heading: "ACTIVE"), Table.Column(heading: "RECLAIMABLE")])
        for item in report.layerItems {
            table.append([
                item.chainID.short, item.parent?.short ?? "-", item.sizeBytes.asBytes, String(item.images),
                item.isActive ? "yes" : "no", item.isReclaimable ? "yes" : "no",
            ])
        }
        return table
    }

    private var plan: Table {
        var table = Table(Self.numbers("FREES", "REMOVES") + [Table.Column(heading: "COMMAND")])
        for step in report.plan {
            table.append([step.reclaimableBytes.asBytes, String(step.count), command(step)])
        }
        return table
    }

    /// As it must be typed for this store.
    private func command(_ step: PruneStep) -> String { root.map { "\(step.command) --root \($0)" } ?? step.command }

    /// What the plan frees altogether.
    var planNotes: String {
        if report.plan.isEmpty { return "\nNothing can be freed.\n" }
        return "Containers first, then all images and volumes that nothing uses any more: \(report.planBytes.asBytes)\n"
    }

    private static func numbers(_ headings: String...) -> [Table.Column] {
        headings.map { Table.Column(heading: $0, isNumber: true) }
    }

    private func text(_ size: MeasuredSize?) -> String {
        size.map { ($0.isLowerBound ? "≥" : "") + $0.totals.allocatedBytes.asBytes } ?? "-"
    }

    private func age(of size: MeasuredSize?) -> String {
        guard let size else { return "-" }
        return size.isRemembered ? age(of: size.measuredAt) : "new"
    }
}

internal import FileTree
internal import StorageModel

// What is unchanged since the previous archive is taken from there: whole frames as they stand, single members of a group out
// of their old frame. What turns out to be damaged there is read from the source instead.
extension ArchiveWorker {
    /// The frame as it stands; `nil` if its entries are to be read again, or its bytes are not what was written.
    func takeOver(_ frame: PlacedFrame, _ members: [GroupMember]) throws(StorageError) -> EncodedFrame? {
        guard let reuse, let first = members.first, !reuse.rereads(first.path) else { return nil }
        guard isSound(frame, reuse) else { return nil }
        var bytes: UInt64 = 0
        let entries = members.compactMap { member in
            bytes += member.status.kind == .file ? member.status.sizeBytes : 0
            return member.kept.map { $0.found(as: member.status, at: member.path) }
        }
        checkpoint.progress.advance(entries: UInt64(members.count), bytes: bytes)
        return taken(frame, entries: entries)
    }

    /// The frames of a large file: the header's if it can stay as it is, and all slices.
    func takeOver(_ file: KeptFile, padding: Int) throws(StorageError) -> [EncodedFrame] {
        guard let reuse, let frames = reuse.archive.frames(of: file.entry), !reuse.rereads(file.path) else {
            return try read(file, padding: padding)
        }
        var result: [EncodedFrame] = []
        let entry = file.entry.found(as: file.status, at: file.path)
        let isInPlace = file.path == file.entry.path && file.entry.headerOffset == UInt64(padding)
        if isInPlace, let header = frames.first, isSound(header, reuse) {
            result.append(taken(header, entries: [entry]))
        } else {
            guard let header = kept?.content(of: file.entry, at: file.path)?.header else {
                return try read(file, padding: padding)
            }
            assembler.append([UInt8](repeating: 0, count: padding))
            assembler.append(header: header, of: entry)
            result.append(try assembler.seal(.header, previous: reuse.archive))
        }
        for frame in frames.dropFirst() {
            // A damaged slice: the file is read from its beginning, and its other slices are found again by their digests.
            guard isSound(frame, reuse) else { return try read(file, padding: padding) }
            result.append(taken(frame))
        }
        result[result.count - 1].endsFile = true
        checkpoint.progress.advance(entries: 1, bytes: file.status.sizeBytes)
        return result
    }

    /// The slice as the previous archive has it at the same place, if it is the same there. Nothing, if what is unchanged is to be
    /// compared by its digest.
    func unchanged(_ mark: SliceMark?, _ large: LargeFile, _ range: Range<UInt64>) -> EncodedFrame? {
        guard let mark, let reuse, let frame = large.previous(of: range), frame.record.mark == mark,
            !reuse.rereads(large.path), isSound(frame, reuse)
        else { return nil }
        return taken(frame)
    }

    /// A frame as it stands. Its mark counts only under the key by which this archive is marked.
    private func taken(_ frame: PlacedFrame, entries: [TableEntry] = []) -> EncodedFrame {
        var result = EncodedFrame(frame, entries: entries)
        if reuse?.archive.sliceKey != sliceKey { result.mark = nil }
        return result
    }

    private func isSound(_ frame: PlacedFrame, _ reuse: ArchiveReuse) -> Bool {
        guard reuse.checks(frame) || reuse.archive.isDamaged(frame) else { return true }
        return reuse.archive.soundBytes(of: frame) != nil
    }

    /// Reads a large file that was to be kept, and compares.
    private func read(_ file: KeptFile, padding: Int) throws(StorageError) -> [EncodedFrame] {
        guard let opened = reopened(file) else { return try salvage(file, padding: padding) }
        var entry = TarEntry(path: file.path, status: file.status)
        entry.sparseMap = opened.sparseMap
        do throws(FileError) {
            entry.extendedAttributes = try opened.descriptor.extendedAttributes()
        } catch {
            notices.addSkipped(file.path, "its extended attributes cannot be read: \(error.errno)")
        }
        var frames = try perform(.header(entry, TableEntry(entry, status: file.status), padding: padding))
        let large = LargeFile(path: file.path, file: opened)
        var digests = ContentHasher()
        for range in Chunking.slices(of: large.storedBytes) {
            for slice in try perform(.slice(large, range)) {
                digests.update(slice.digest.bytes)
                frames.append(slice)
            }
        }
        let isSteady = !frames.contains { $0.isSuspect }
        if isSteady, let digest = file.entry.digest, digests.finalize() != digest { noteAltered(file.path) }
        return frames
    }

    /// The file, if it is still the one that the planner saw.
    private func reopened(_ file: KeptFile) -> OpenedFile? {
        do throws(FileError) {
            let parent = try root.descriptor.openDirectory(beneath: file.path.parent)
            let descriptor = try parent.openFile(file.path.name, for: .reading)
            let status = try descriptor.status()
            let map = try sparseMap(of: descriptor, status)
            let opened = OpenedFile(descriptor, status: status, sparseMap: map)
            let isSame = status.identity == file.status.identity && opened.storedBytes == file.entry.storedBytes
            return isSame ? opened : nil
        } catch {
            return nil
        }
    }

    /// The file went while the previous archive turned out to be damaged: what is sound there is kept, the rest is zeros, and
    /// told. The planner has promised so many bytes.
    private func salvage(_ file: KeptFile, padding: Int) throws(StorageError) -> [EncodedFrame] {
        let entry = file.entry.found(as: file.status, at: file.path)
        guard let reuse, let frames = reuse.archive.frames(of: file.entry),
            let header = kept?.content(of: file.entry, at: file.path)?.header
        else {
            throw StorageError(
                .damaged, object: file.path.description,
                "'\(file.path.description.printable())' went while it was read, and the previous archive is damaged",
                hint: "run the backup again")
        }
        assembler.append([UInt8](repeating: 0, count: padding))
        assembler.append(header: header, of: entry)
        var result = [try assembler.seal(.header, previous: reuse.archive)]
        for frame in frames.dropFirst() {
            if isSound(frame, reuse) {
                result.append(taken(frame))
            } else {
                try assembler.appendSlice(Int(frame.record.rawBytes)) { _ in 0 }
                result.append(try assembler.seal(.payload))
                result[result.count - 1].isSuspect = true
                notices.addChanged(
                    file.path, "went while it was read, and the previous archive is damaged: it has zeros")
            }
        }
        result[result.count - 1].endsFile = true
        return result
    }

    // MARK: Members of groups

    /// Adds an unchanged member to the frame out of its old one.
    ///
    /// - Returns: `false` if it is not unchanged, or cannot be had, or is not what its digest says; nothing is added then.
    func appendKept(_ member: GroupMember) throws(FileError) -> Bool {
        guard let entry = member.kept, let content = kept?.content(of: entry, at: member.path) else { return false }
        let tableEntry = entry.found(as: member.status, at: member.path)
        guard entry.kind == .file else {
            assembler.append(header: content.header, of: tableEntry)
            return true
        }
        _ = try assembler.propose(header: content.header, storedBytes: content.data.count) { room in
            content.data.withUnsafeBytes { room.copyMemory(from: $0) }
            return content.data.count
        }
        return assembler.accept(tableEntry, expecting: entry.digest)
    }

    /// Compares a member that was read again with what the previous archive has of it.
    func compare(_ member: GroupMember) {
        guard let entry = member.kept, let last = assembler.lastEntry, last.path == member.path,
            !last.changedDuringRead, isUntouched(last, since: entry), last.digest != entry.digest
        else { return }
        noteAltered(member.path)
    }

    /// Whether what was read now has the time of change that it had; or its original, which it is a copy of.
    private func isUntouched(_ last: TableEntry, since entry: TableEntry) -> Bool {
        var last = last
        reuse?.originals?.restore(&last)
        return last.changedAt == entry.changedAt
    }

    private func noteAltered(_ path: EntryPath) {
        notices.addAltered(
            path,
            "its content is not what the previous archive has, though nothing says that it was changed: check the disk")
    }
}

extension TableEntry {
    /// The entry as it was found now, unchanged, perhaps under another path.
    func found(as status: FileStatus, at path: EntryPath) -> TableEntry {
        var entry = self
        entry.path = path
        entry.inode = status.inode
        entry.device = status.device
        entry.changedAt = status.changedAt
        return entry
    }
}

internal import CLinux
internal import Glibc
internal import StorageModel

/// One thread's part of a scan: its buffers, what it has found, and what it still has to do.
///
/// A structure that one function owns, so that counting an entry is a few additions in registers and on the stack.
struct UsageWorker: ~Copyable {
    typealias Place = (parent: Subdirectories, offset: Int)

    private let state: UsageScanState
    private let device: UInt64
    private let staysOnFileSystem: Bool
    private let recordsTree: Bool
    private let readsExtents: Bool
    private let isThrottled: Bool
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferBytes, alignment: 16)
    private var totals = UsageTotals()
    private var extents = ExtentMap()
    private var stack: [UsageWork] = []
    /// Of the directory that is scanned: its subdirectories, and everything in it for the tree.
    private var records: [UInt8] = []
    private var children = UsageTree.Children()
    /// How many parents are kept open for their subdirectories.
    private let limitOpenParents: Int
    /// Off once the kernel refused it: it is for owners and root.
    private var quietFlag = HOLDFAST_O_NOATIME

    /// About 4,000 names. Larger ones are no faster.
    private static let bufferBytes = 128 << 10
    /// A listing of so many bytes, about a thousand names, is worth being sorted by inode on a disk that is not cached.
    private static let sortingBytes = 32 << 10

    init(_ state: UsageScanState) {
        self.state = state
        device = state.status.device
        staysOnFileSystem = state.options.staysOnFileSystem
        recordsTree = state.options.recordsTree
        readsExtents = state.options.readsExtents
        isThrottled = state.throttle != nil
        limitOpenParents = max(8, 512 / state.options.threads)
    }

    deinit { buffer.deallocate() }

    /// Does the work and all that it leads to, but for what other threads take over.
    mutating func run(_ work: UsageWork) {
        stack.append(work)
        while let work = stack.popLast() {
            if state.mustStop() {
                state.leaveRest()
                stack.removeAll()
                break
            }
            step(work)
            if state.wantsWork { share() }
        }
        state.endOfWork()
    }

    /// Hands over what was found.
    mutating func finish() {
        state.add(totals, readsExtents ? extents : nil)
    }

    /// Gives the oldest work away: it leads to the most.
    private mutating func share() {
        if stack.count > 1 {
            state.give(stack.removeFirst())
        } else if var only = stack.popLast() {
            let half = only.split()
            stack.append(only)
            if let half { state.give(half) }
        }
    }

    private mutating func step(_ work: UsageWork) {
        switch work {
        case .root: scan(state.root, nil, index: 0)
        case .names(let names, let directory, let place): examine(names, directory, place)
        case .subdirectories(let list, let parent, let next, let end):
            let rest = list.next(after: next)
            if rest < end { stack.append(.subdirectories(list, parent: parent, next: rest, end: end)) }
            scanSubdirectory((list, next), parent)
        }
    }

    private mutating func scanSubdirectory(_ place: Place, _ parent: SharedDescriptor?) {
        if isThrottled { state.throttle?.spend() }
        let index = recordsTree ? place.parent.index(at: place.offset) : 0
        let result = open(place, parent)
        guard result >= 0 else {
            let error = Errno(rawValue: CInt(-result))
            // Gone since its parent was listed.
            if error == .noEntry || error == .notDirectory { return }
            totals.errors += 1
            if recordsTree { state.markUnreadable(index) }
            return state.note(Self.path(of: place), error)
        }
        scan(SharedDescriptor(Descriptor(adopting: CInt(result))), place, index: index)
    }

    /// Opens a directory from its parent's descriptor, or by its path from the root if that was not kept.
    private mutating func open(_ place: Place, _ parent: SharedDescriptor?) -> Int {
        guard let parent else {
            do throws(FileError) {
                let path = EntryPath(trusted: Array(place.parent.path(at: place.offset).joined(separator: [0x2f])))
                return Int(try state.root.descriptor.openDirectory(beneath: path).release())
            } catch {
                return -Int(error.errno.rawValue)
            }
        }
        let number = parent.descriptor.rawValue
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        return place.parent.records.withUnsafeBytes { records in
            guard let start = records.baseAddress else { return -Int(ENOENT) }
            let name = (start + place.offset + Subdirectories.indexBytes).assumingMemoryBound(to: CChar.self)
            let quiet = attempt { Int(openat(number, name, flags | quietFlag)) }
            guard quiet == -Int(EPERM), quietFlag != 0 else { return quiet }
            quietFlag = 0
            return attempt { Int(openat(number, name, flags)) }
        }
    }

    /// Lists a directory and examines what is in it.
    private mutating func scan(_ directory: SharedDescriptor, _ place: Place?, index: Int) {
        let number = directory.descriptor.rawValue
        let before = totals
        var isIncomplete = false
        while true {
            if state.mustStop() {
                state.leaveRest()
                break
            }
            let filled = attempt { holdfast_getdents64(number, buffer.baseAddress, buffer.count) }
            if filled == 0 { break }
            guard filled > 0 else {
                let error = Errno(rawValue: CInt(-filled))
                // Removed while it was open.
                if error == .noEntry { break }
                totals.errors += 1
                isIncomplete = true
                state.note(place.map { Self.path(of: $0) } ?? .root, error)
                break
            }
            let names = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
            if filled > Self.sortingBytes && !recordsTree && state.wantsWork {
                state.give(.names(Array(names), directory: directory, place: place))
            } else {
                examine(names, number, place)
            }
        }
        if recordsTree { record(index, isIncomplete) }
        push(directory, place)
        report(since: before)
    }

    private mutating func examine(_ names: [UInt8], _ directory: SharedDescriptor, _ place: Place?) {
        let before = totals
        names.withUnsafeBytes { examine($0, directory.descriptor.rawValue, place) }
        push(directory, place)
        report(since: before)
    }

    private func report(since before: UsageTotals) {
        state.options.checkpoint.progress.advance(
            entries: totals.files &+ totals.directories &- before.files &- before.directories,
            bytes: totals.allocatedBytes &- before.allocatedBytes)
    }

    /// Puts what is in the directory into the tree, and notes where its subdirectories are there.
    private mutating func record(_ index: Int, _ isIncomplete: Bool) {
        defer { children.removeAll() }
        guard let first = state.record(children, of: index, isIncomplete: isIncomplete) else {
            // The tree is full: what is below is missing.
            totals.errors += 1
            records.removeAll(keepingCapacity: true)
            return
        }
        records.withUnsafeMutableBytes { records in
            var offset = 0
            while offset < records.count {
                let ordinal = records.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                records.storeBytes(of: ordinal + UInt32(first), toByteOffset: offset, as: UInt32.self)
                offset += Subdirectories.indexBytes
                while records[offset] != 0 { offset += 1 }
                offset += 1
            }
        }
    }

    /// Puts the subdirectories that were found on the stack.
    private mutating func push(_ directory: SharedDescriptor, _ place: Place?) {
        guard !records.isEmpty else { return }
        let list = Subdirectories(of: place, Array(records))
        records.removeAll(keepingCapacity: true)
        let parent = stack.count < limitOpenParents ? directory : nil
        stack.append(.subdirectories(list, parent: parent, next: 0, end: list.records.count))
    }

    private static func path(of place: Place) -> EntryPath {
        EntryPath(trusted: Array(place.parent.path(at: place.offset).joined(separator: [0x2f])))
    }

    // MARK: Entries

    /// Examines what the kernel listed: in its order, which is the fastest, unless that turns out to wait for the disk.
    private mutating func examine(_ names: UnsafeRawBufferPointer, _ number: CInt, _ place: Place?) {
        guard names.count > Self.sortingBytes else {
            var position = 0
            while position < names.count { position += examineEntry(names, position, number, place) }
            return
        }
        let clock = ContinuousClock()
        let start = clock.now
        var (position, count) = (0, 0)
        while position < names.count && count < 32 {
            position += examineEntry(names, position, number, place)
            count += 1
        }
        let isSlow = start.duration(to: clock.now) > .microseconds(8 * 32)
        guard isSlow, !isThrottled else {
            while position < names.count { position += examineEntry(names, position, number, place) }
            return
        }
        // Inodes lie on disk in the order of their numbers, which listings of hashed directories do not follow.
        var order: [(inode: UInt64, position: Int)] = []
        while position < names.count {
            let entry = RawDirectoryEntry(UnsafeRawBufferPointer(rebasing: names[position...]))
            order.append((entry.inode, position))
            position += entry.lengthBytes
        }
        order.sort { $0.inode < $1.inode }
        for entry in order { _ = examineEntry(names, entry.position, number, place) }
    }

    /// - Returns: the length of the record.
    @inline(__always)
    private mutating func examineEntry(
        _ names: UnsafeRawBufferPointer, _ position: Int, _ number: CInt, _ place: Place?
    ) -> Int {
        let record = RawDirectoryEntry(UnsafeRawBufferPointer(rebasing: names[position...]))
        let length = record.lengthBytes
        guard !record.isSelfOrParent, let name = record.name else { return length }
        if isThrottled {
            state.throttle?.spend()
            // A listing takes long now: the rest of it is left out.
            if state.mustStop() {
                state.leaveRest()
                return names.count
            }
        }
        let type = record.type
        if type != UInt8(DT_DIR) && type != UInt8(DT_UNKNOWN) {
            var entry = holdfast_entry()
            let result = attempt { Int(holdfast_stat_entry(number, name, &entry)) }
            guard result >= 0 else {
                cannotExamine(record, result, place)
                return length
            }
            if entry.mode & S_IFMT != S_IFDIR {
                count(entry, record, number)
                return length
            }
        }
        examineDirectory(record, name, number, place)
        return length
    }

    @inline(__always)
    private mutating func count(_ entry: holdfast_entry, _ record: RawDirectoryEntry, _ directory: CInt) {
        let allocatedBytes = entry.blocks &* 512
        var flags = UsageTree.Flags()
        if staysOnFileSystem && entry.device != device {
            flags = .otherFileSystem
        } else if entry.links > 1 {
            let identity = FileIdentity(device: entry.device, inode: entry.inode)
            let usage = UsageScan.OutsideLink(allocatedBytes: allocatedBytes, apparentBytes: entry.size)
            let isFirst = state.links.isFirst(identity, linkCount: entry.links, usage)
            flags = isFirst ? .hasOtherNames : [.hasOtherNames, .countedElsewhere]
        }
        let isCounted = flags.isDisjoint(with: [.otherFileSystem, .countedElsewhere])
        if isCounted {
            totals.allocatedBytes &+= allocatedBytes
            totals.apparentBytes &+= entry.size
            totals.files &+= 1
            if readsExtents && entry.blocks > 0 && entry.mode & S_IFMT == S_IFREG {
                readExtents(record, directory, allocatedBytes)
            }
        }
        if recordsTree { keep(entry, record, flags, isCounted) }
    }

    private mutating func keep(
        _ entry: holdfast_entry, _ record: RawDirectoryEntry, _ flags: UsageTree.Flags, _ isCounted: Bool
    ) {
        let allocatedBytes = entry.blocks &* 512
        children.append(
            record.nameBytes,
            UsageTree.Entry(
                kind: EntryKind(typeBits: entry.mode), allocatedBytes: isCounted ? allocatedBytes : 0,
                apparentBytes: isCounted ? entry.size : 0, modifiedAtSeconds: entry.modified_seconds, uid: entry.uid,
                gid: entry.gid, flags: flags),
            link: flags.contains(.hasOtherNames)
                ? UsageTree.LinkedInode(
                    device: entry.device, inode: entry.inode, linkCount: entry.links, allocatedBytes: allocatedBytes,
                    apparentBytes: entry.size)
                : nil)
    }

    /// A directory, or an entry of unknown kind.
    private mutating func examineDirectory(
        _ record: RawDirectoryEntry, _ name: UnsafePointer<CChar>, _ number: CInt, _ place: Place?
    ) {
        var raw = holdfast_status()
        let result = attempt { Int(holdfast_statx(number, name, &raw)) }
        guard result >= 0 else { return cannotExamine(record, result, place) }
        guard raw.mode & S_IFMT == S_IFDIR else {
            let entry = holdfast_entry(
                device: raw.device, inode: raw.inode, size: raw.size, blocks: raw.blocks,
                modified_seconds: raw.modified_seconds, mode: raw.mode, uid: raw.uid, gid: raw.gid, links: raw.links)
            return count(entry, record, number)
        }
        let identity = FileIdentity(device: raw.device, inode: raw.inode)
        let isElsewhere =
            staysOnFileSystem ? raw.device != device || raw.isMountRoot : !state.isFirstVisit(identity)
        if recordsTree {
            children.append(
                record.nameBytes,
                UsageTree.Entry(
                    kind: .directory, allocatedBytes: isElsewhere ? 0 : raw.blocks &* 512, apparentBytes: 0,
                    modifiedAtSeconds: raw.modified_seconds, uid: raw.uid, gid: raw.gid,
                    flags: isElsewhere ? .otherFileSystem : []))
        }
        if isElsewhere { return }
        state.meet(identity)
        totals.allocatedBytes &+= raw.blocks &* 512
        totals.directories &+= 1
        let ordinal = recordsTree ? UInt32(children.count - 1) : 0
        withUnsafeBytes(of: ordinal) { records.append(contentsOf: $0) }
        records.append(contentsOf: record.nameBytes)
        records.append(0)
    }

    private mutating func cannotExamine(_ record: RawDirectoryEntry, _ result: Int, _ place: Place?) {
        let error = Errno(rawValue: CInt(-result))
        // It vanished between the listing and now.
        if error == .noEntry { return }
        totals.errors += 1
        let name = Array(record.nameBytes)
        state.note((place.map { Self.path(of: $0) } ?? .root).appending(name), error)
        guard recordsTree else { return }
        children.append(
            name,
            UsageTree.Entry(
                kind: .file, allocatedBytes: 0, apparentBytes: 0, modifiedAtSeconds: 0, uid: 0, gid: 0,
                flags: .unreadable))
    }

    /// Looks where the file's data lies. A file that cannot be opened shares nothing that is known.
    private mutating func readExtents(_ record: RawDirectoryEntry, _ directory: CInt, _ allocatedBytes: UInt64) {
        guard let name = record.name else { return }
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        var number = attempt { Int(openat(directory, name, flags | quietFlag)) }
        if number == -Int(EPERM) && quietFlag != 0 { number = attempt { Int(openat(directory, name, flags)) } }
        guard number >= 0 else { return extents.addExclusive(allocatedBytes) }
        let file = Descriptor(adopting: CInt(number))
        if !extents.read(file) { extents.addExclusive(allocatedBytes) }
    }
}

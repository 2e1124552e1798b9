internal import CLinux
internal import Glibc
internal import StorageModel

/// An entry by its directory and its name, which need not exist. The name is empty for the directory itself, where a path
/// ends with `/..`, `/.` or is the root.
package struct EntryPlace: ~Copyable, Sendable {
    package let directory: Descriptor
    package let name: [UInt8]

    init(_ directory: consuming Descriptor, _ name: [UInt8]) {
        self.directory = directory
        self.name = name
    }
}

/// Paths as a process sees them that has this directory as its root (`chroot(2)`): absolute or not, with symbolic links,
/// `..` and absolute targets of links, all of which stay inside. For trees whose links nobody vouches for but which mean
/// something, such as images, where `lib` is a link to `usr/lib`.
///
/// Nothing leads out, whatever others rename meanwhile. The links of `/proc/<pid>` that lead to open files ("magic links")
/// are refused (`ELOOP`); more than 40 links are too (`ELOOP`).
extension Descriptor {
    /// Opens the directory at `path`, links in its last component followed too.
    package borrowing func openDirectory(
        inRoot path: some Collection<UInt8>, resolution: PathResolution = .byKernel
    ) throws(FileError) -> Descriptor {
        if let opened = try openByKernel(path, O_RDONLY | O_DIRECTORY, resolution) { return opened }
        let place = try walk(path)
        if place.name.isEmpty { return try place.directory.reopenDirectory() }
        return try place.directory.openDirectory(place.name)
    }

    /// Opens the existing file at `path`, links in its last component followed too; a fifo is not waited for.
    package borrowing func openFile(
        inRoot path: some Collection<UInt8>, for access: FileAccess, resolution: PathResolution = .byKernel
    ) throws(FileError) -> Descriptor {
        let common = O_NONBLOCK | O_NOCTTY
        let opened: Descriptor?
        switch access {
        case .reading: opened = try openByKernel(path, O_RDONLY | common, resolution)
        case .writing: opened = try openByKernel(path, O_WRONLY | common, resolution)
        case .readingAndWriting: opened = try openByKernel(path, O_RDWR | common, resolution)
        }
        if let opened { return opened }
        let place = try walk(path)
        guard !place.name.isEmpty else {
            if access == .reading { return try place.directory.reopenDirectory() }
            throw failure(-Int(EISDIR), "openat", String(decoding: path, as: UTF8.self))
        }
        return try place.directory.openFile(place.name, for: access)
    }

    /// Finds the directory that holds the entry at `path`, with links followed everywhere but in the last component. The
    /// entry itself may be missing. Slashes at the end do not count.
    package borrowing func resolveParent(
        inRoot path: some Collection<UInt8>, resolution: PathResolution = .byKernel
    ) throws(FileError) -> EntryPlace {
        let bytes = Array(path)
        guard !bytes.isEmpty else { throw failure(-Int(ENOENT), "openat2", "") }
        let slash = UInt8(ascii: "/")
        let trimmed = bytes[..<(bytes.lastIndex { $0 != slash }.map { $0 + 1 } ?? 0)]
        let start = trimmed.lastIndex(of: slash).map { $0 + 1 } ?? 0
        let name = Array(trimmed[start...])
        if name.isEmpty || isSelf(name[...]) || isParent(name[...]) {
            return EntryPlace(try openDirectory(inRoot: bytes, resolution: resolution), [])
        }
        let above = trimmed[..<start]
        if above.allSatisfy({ $0 == slash }) { return EntryPlace(try reopenDirectory(), name) }
        return EntryPlace(try openDirectory(inRoot: above, resolution: resolution), name)
    }

    /// - Returns: `nil` if the path must be walked in user space.
    private borrowing func openByKernel(
        _ path: some Collection<UInt8>, _ flags: CInt, _ resolution: PathResolution
    ) throws(FileError) -> Descriptor? {
        // The kernel takes no longer one (PATH_MAX).
        guard resolution == .byKernel, path.count < 4096 else { return nil }
        let result = withCText(path) { text in
            // EAGAIN: somebody renamed something, and the kernel could not be sure about a `..`. Not for ever.
            var result = -Int(EAGAIN)
            for _ in 0..<128 where result == -Int(EAGAIN) {
                result = attempt { Int(holdfast_open_in_root(rawValue, text, flags | O_CLOEXEC)) }
            }
            return result
        }
        switch -result {
        case Int(ENOSYS), Int(EPERM), Int(EAGAIN): return nil
        default: return Descriptor(try check(result, "openat2", path))
        }
    }

    private borrowing func walk(_ path: some Collection<UInt8>) throws(FileError) -> EntryPlace {
        var walk = RootWalk(path: Array(path))
        return try walk.run(in: self)
    }
}

private func isSelf(_ name: ArraySlice<UInt8>) -> Bool { name.elementsEqual(".".utf8) }

private func isParent(_ name: ArraySlice<UInt8>) -> Bool { name.elementsEqual("..".utf8) }

/// Follows a path in user space, one component at a time, each opened with `O_NOFOLLOW`.
///
/// `..` is never handed to the kernel, which would follow a directory that was moved out meanwhile: the path walked so far,
/// in which there is no link any more, is walked again from the root without its last component.
private struct RootWalk {
    /// As many as the kernel follows (path_resolution(7)).
    private static let linkLimit = 40

    private let path: [UInt8]
    /// What is still to be walked, the next component last.
    private var pending: [[UInt8]] = []
    private var walked: [[UInt8]] = []
    private var links = 0

    init(path: [UInt8]) { self.path = path }

    /// - Returns: the last component, which is no link, in its directory.
    mutating func run(in root: borrowing Descriptor) throws(FileError) -> EntryPlace {
        guard !path.isEmpty else { throw failure(-Int(ENOENT), "openat", "") }
        guard !path.contains(0) else { throw failure(-Int(EINVAL), "openat", "") }
        push(path)
        var current = try root.openPlace()
        while let component = pending.popLast() {
            if isSelf(component[...]) { continue }
            if isParent(component[...]) {
                _ = walked.popLast()
                current = try reopen(in: root)
                continue
            }
            if let target = try link(component, in: current) {
                links += 1
                guard links <= Self.linkLimit else { throw error(ELOOP) }
                if target.first == UInt8(ascii: "/") {
                    walked = []
                    current = try root.openPlace()
                }
                push(target)
                continue
            }
            if pending.isEmpty { return EntryPlace(current, component) }
            current = try current.openPlace(component)
            walked.append(component)
        }
        return EntryPlace(current, [])
    }

    /// A slash at the end means that it must be a directory, as `/.` does.
    private mutating func push(_ path: [UInt8]) {
        let slash = UInt8(ascii: "/")
        if path.last == slash { pending.append([UInt8(ascii: ".")]) }
        pending += path.split(separator: slash).reversed().map(Array.init)
    }

    private func reopen(in root: borrowing Descriptor) throws(FileError) -> Descriptor {
        var current = try root.openPlace()
        for component in walked { current = try current.openPlace(component) }
        return current
    }

    /// - Returns: the target of a symbolic link, `nil` for any other entry or none.
    private func link(_ name: [UInt8], in directory: borrowing Descriptor) throws(FileError) -> [UInt8]? {
        let target: [UInt8]
        do throws(FileError) {
            target = try directory.readLink(name)
        } catch  where error.errno == .invalidArgument || error.errno == .noEntry {
            return nil
        }
        guard !target.isEmpty else { throw error(ENOENT) }
        // Below the top of /proc, where `self` and `mounts` are, links may lead to an open file whatever their text says.
        if holdfast_is_proc(directory.rawValue) == 1, try directory.status().inode != 1 { throw error(ELOOP) }
        return target
    }

    private func error(_ number: CInt) -> FileError {
        failure(-Int(number), "openat", String(decoding: path, as: UTF8.self))
    }
}

extension Descriptor {
    /// Opens this directory as a place to go on from only (`O_PATH`), which needs no right to list it.
    fileprivate borrowing func openPlace() throws(FileError) -> Descriptor {
        let result = attempt { Int(openat(rawValue, ".", HOLDFAST_O_PATH | O_DIRECTORY | O_CLOEXEC)) }
        return Descriptor(try check(result, "openat", ".".utf8))
    }

    fileprivate borrowing func openPlace(_ name: [UInt8]) throws(FileError) -> Descriptor {
        let flags = HOLDFAST_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let result = withName(name) { text in attempt { Int(openat(rawValue, text, flags)) } }
        return Descriptor(try check(result, "openat", name))
    }
}

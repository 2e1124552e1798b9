package import FileTree
package import StorageModel

/// The way to a source, walked component by component as the kernel walks it (path_resolution(7)), with links followed by
/// hand: each directory on the way and each link is remembered.
///
/// Nothing is opened but handles (`O_PATH`), so looking changes nothing and waits for nothing. Cost: three calls for each
/// component.
package struct SourceWalk: Sendable {
    /// An entry on the way, or at its end.
    package struct Place: Sendable {
        /// Absolute on the host, with no link in it.
        package let path: [UInt8]
        package let status: FileStatus
        package let list: [AccessControlEntry]?
        /// Whether its file system can keep access control lists.
        package let supportsLists: Bool

        package var rights: InodeRights { InodeRights(status, list: list) }
    }

    /// A symbolic link that was followed.
    package struct Link: Sendable {
        package let path: [UInt8]
        package let target: [UInt8]
        package let status: FileStatus
        /// The directory that it lies in.
        package let directory: FileStatus
    }

    package enum End: Sendable {
        case found(Place, SharedDescriptor)
        /// Nothing is there. The path is that of what would have to be made, in the last directory of the way.
        case missing(path: [UInt8])
        /// Something else than a directory has something below it, or a slash behind it.
        case notDirectory(path: [UInt8])
        /// More links than the kernel follows.
        case loop(path: [UInt8])
        /// A link, or `..`, leads out of the directory that the walk must stay in.
        case escape(path: [UInt8])
        /// The kernel refused to look.
        case failed(path: [UInt8], Errno)
    }

    /// The directories in which a name was looked up, each once, in the order of the way.
    package private(set) var directories: [Place] = []
    package private(set) var links: [Link] = []
    package private(set) var end: End

    /// Walks from the root of the host to an absolute path.
    package static func toHostPath(_ path: some Collection<UInt8>) -> SourceWalk {
        let slash = [UInt8(ascii: "/")]
        do throws(FileError) {
            let root = SharedDescriptor(try Descriptor.rootHandle())
            return SourceWalk(from: root, at: slash, path, isConfined: false)
        } catch {
            return SourceWalk(end: .failed(path: slash, error.errno))
        }
    }

    /// Walks below a directory and never leaves it.
    package static func beneath(
        _ directory: SharedDescriptor, at hostPath: [UInt8], _ path: EntryPath
    ) -> SourceWalk {
        SourceWalk(from: directory, at: hostPath, path.bytes, isConfined: true)
    }

    private init(end: End) { self.end = end }

    /// The longest chain of links that is followed, as the kernel has it (`MAXSYMLINKS`).
    private static let linkLimit = 40

    private init(
        from root: SharedDescriptor, at rootPath: [UInt8], _ path: some Collection<UInt8>, isConfined: Bool
    ) {
        end = .missing(path: rootPath)
        var trail = Trail(root: root, rootPath: rootPath, isConfined: isConfined)
        end = follow(Self.components(path), &trail)
    }

    private mutating func follow(_ components: [[UInt8]], _ trail: inout Trail) -> End {
        var pending = components[...]
        do throws(FileError) {
            while let component = pending.popFirst() {
                // What only stands for the slash at the end: a directory is at hand.
                if component.isEmpty { continue }
                let directory = try enter(trail.last)
                if component == [Self.dot] { continue }
                if component == [Self.dot, Self.dot] {
                    guard trail.leave() else { return .escape(path: trail.last.path) }
                    continue
                }
                let path = AbsolutePath.joined(trail.last.path, component)
                let handle: SharedDescriptor
                do throws(FileError) {
                    handle = SharedDescriptor(try trail.last.handle.descriptor.handle(of: component))
                } catch  where error.errno == .noEntry {
                    return .missing(path: (pending.filter { !$0.isEmpty }).reduce(path, AbsolutePath.joined))
                }
                let place = Trail.Point(handle: handle, path: path)
                let status = try handle.descriptor.status()
                switch status.kind {
                case .directory: trail.append(place)
                case .symbolicLink:
                    let target = try handle.descriptor.linkTarget()
                    links.append(Link(path: path, target: target, status: status, directory: directory.status))
                    if links.count > Self.linkLimit { return .loop(path: path) }
                    if target.first == Self.slash, !trail.returnToRoot() { return .escape(path: path) }
                    pending = (Self.components(target) + pending)[...]
                default:
                    guard pending.isEmpty else { return .notDirectory(path: path) }
                    return .found(try Self.look(place), handle)
                }
            }
            return .found(try Self.look(trail.last), trail.last.handle)
        } catch {
            return .failed(path: trail.last.path, error.errno)
        }
    }

    /// Remembers a directory in which a name is looked up.
    private mutating func enter(_ point: Trail.Point) throws(FileError) -> Place {
        if let known = directories.first(where: { $0.path == point.path }) { return known }
        let place = try Self.look(point)
        directories.append(place)
        return place
    }

    private static func look(_ point: Trail.Point) throws(FileError) -> Place {
        let status = try point.handle.descriptor.status()
        let value: [UInt8]
        do throws(FileError) {
            value = try point.handle.descriptor.attributeValue("system.posix_acl_access")
        } catch  where error.errno == .noData || error.errno == .notSupported {
            return Place(
                path: point.path, status: status, list: nil, supportsLists: error.errno == .noData)
        }
        return Place(
            path: point.path, status: status, list: AccessControlEntry.list(fromKernelForm: value),
            supportsLists: true)
    }

    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")

    /// The components of a path, with an empty one at the end if it ends with a slash.
    private static func components(_ path: some Collection<UInt8>) -> [[UInt8]] {
        let bytes = Array(path)
        let components = bytes.split(separator: slash).map { Array($0) }
        return bytes.last == slash ? components + [[]] : components
    }
}

/// The directories from the root of a walk down to where it is.
private struct Trail {
    struct Point {
        let handle: SharedDescriptor
        let path: [UInt8]
    }

    private let root: Point
    private let isConfined: Bool
    private var below: [Point] = []

    init(root: SharedDescriptor, rootPath: [UInt8], isConfined: Bool) {
        self.root = Point(handle: root, path: rootPath)
        self.isConfined = isConfined
    }

    var last: Point { below.last ?? root }

    mutating func append(_ point: Point) { below.append(point) }

    /// One directory up; the root of the host is above itself.
    ///
    /// - Returns: whether that is permitted.
    mutating func leave() -> Bool {
        if below.popLast() == nil { return !isConfined }
        return true
    }

    /// - Returns: whether a link may lead to the root of the host.
    mutating func returnToRoot() -> Bool {
        if isConfined { return false }
        below = []
        return true
    }
}

package import FileTree
package import StorageModel

/// A source as the container sees it through its mount: what is there, and what holds for everybody.
package struct MountedSource: Sendable {
    package let inode: InodeRights
    /// Whether nothing can be changed through the mount, or in the file system.
    package let isReadOnly: Bool
    /// Whether device nodes cannot be opened.
    package let forbidsDevices: Bool
    /// Whether nothing can be executed.
    package let forbidsExecution: Bool
    /// Which stored ids the mount shows as which.
    package let view: ShownOwners

    package init(
        inode: InodeRights, isReadOnly: Bool = false, forbidsDevices: Bool = false, forbidsExecution: Bool = false,
        view: ShownOwners = .asStored
    ) {
        self.inode = inode
        self.isReadOnly = isReadOnly
        self.forbidsDevices = forbidsDevices
        self.forbidsExecution = forbidsExecution
        self.view = view
    }

    /// What a mount of the place would be, given what holds for the file system there.
    ///
    /// - Parameters:
    ///   - isReadOnly, restrictions: what the mount itself forbids.
    ///   - access: an overlay takes changes whatever the source forbids.
    package init(
        _ place: SourceWalk.Place, in fileSystem: FileSystemStatus, isReadOnly: Bool = false,
        restrictions: MountFlags = [], access: SourceAccess = SourceAccess(), view: ShownOwners = .asStored
    ) {
        let isOverlay = access.overlay != nil
        let rights = InodeRights(place.status, list: place.list, view: view)
        self.init(
            inode: isOverlay ? rights.withoutAttributes : rights,
            isReadOnly: isReadOnly || fileSystem.isReadOnly && !isOverlay,
            forbidsDevices: restrictions.contains(.noDevices) || fileSystem.forbidsDevices,
            forbidsExecution: restrictions.contains(.noExecution) || fileSystem.forbidsExecution, view: view)
    }

    /// Whether what is mounted has content of its own, which a read-only mount protects. A socket, a fifo and a device lead
    /// elsewhere.
    package var isProtectedByMount: Bool { inode.kind == .directory || inode.kind == .file }

    private var forbidsOpening: Bool {
        forbidsDevices && (inode.kind == .characterDevice || inode.kind == .blockDevice)
    }

    /// What the kernel says to an access: `inode_permission` with what open(2) and mkdir(2) ask beside it.
    package func permits(_ wanted: AccessRights, _ subject: AccessSubject) -> Bool {
        if wanted.contains(.write) && !permitsChanges { return false }
        if wanted.contains(.execute) && inode.kind != .directory && forbidsExecution { return false }
        if forbidsOpening { return false }
        return PermissionRules.decide(wanted, of: inode, by: subject).isGranted
    }

    /// Whether anybody may change it.
    var permitsChanges: Bool {
        if isReadOnly && isProtectedByMount || inode.isImmutable { return false }
        // What has an owner that the mount cannot show is not changed (`HAS_UNMAPPED_ID`).
        return inode.uid != nil && inode.gid != nil
    }

    /// Whether the mount has a place for what the user makes; without, the kernel answers `EOVERFLOW`.
    func hasPlace(for subject: AccessSubject) -> Bool {
        view.stored(user: subject.uid) != nil && view.stored(group: subject.gid) != nil
    }
}

package import StorageModel

/// Stacks directories with overlayfs, so that they look like one tree (Documentation/filesystems/overlayfs.rst).
///
/// Everything is handed over by descriptor and nothing is looked up by a path again. The options are always named, so that
/// no default of a kernel decides: without `index`, `metacopy` and `redirect_dir` the upper directory is exactly the set of
/// changes, the lower ones can be replaced or moved to another disk, and no layer can point into another.
package struct OverlayMount: Sendable {
    /// Where changes are kept: two directories on the same file system, `work` being empty. Nothing else may be mounted with
    /// either of them meanwhile.
    package struct Changes: Sendable {
        package let upper: SharedDescriptor
        package let work: SharedDescriptor

        package init(upper: SharedDescriptor, work: SharedDescriptor) {
            self.upper = upper
            self.work = work
        }
    }

    /// How the directories are told to the kernel.
    package enum Way: Sendable {
        /// The first of the others that the kernel knows.
        case automatic
        /// `lowerdir+` and descriptors (Linux 6.13).
        case byDescriptors
        /// `lowerdir+` and `/proc/self/fd/N` (Linux 6.5).
        case byPaths
        /// `mount(2)` with all options in one page (Linux 5.12, which ``DetachedMount`` needs).
        case byMountCall
    }

    /// The most lower directories that overlayfs stacks (`OVL_MAX_STACK`).
    package static let lowerLimit = 500

    /// The uppermost first.
    let lowers: [SharedDescriptor]
    let changes: Changes?
    let restrictions: MountRestrictions
    let usesUserAttributes: Bool

    /// Makes the overlay, attached nowhere. Needs `CAP_SYS_ADMIN` in the user namespace.
    ///
    /// - Parameters:
    ///   - lowers: the uppermost first; they must not change as long as the overlay lives.
    ///   - changes: where changes go. Without it the overlay is read-only; of a single lower directory it is then a
    ///     read-only view of that directory itself, in which nothing is hidden: a whiteout, which makes no sense in a
    ///     lowest layer, is seen as the device node that it is.
    ///   - usesUserAttributes: whether whiteouts and opaque directories are kept in `user.overlay.*` attributes, as
    ///     needed in a user namespace, where `trusted.*` cannot be set.
    ///   - scratch: where an old kernel (``Way/byMountCall``) mounts the overlay for a moment, in a directory that is made
    ///     for it and called `mounting.` and a random name. After a crash in that moment it is still there, for
    ///     ``Unmounting``.
    ///   - doing: what is attempted, as in "cannot `doing`".
    /// - Throws: ``StorageModel/StorageError/Code/limitExceeded`` for more than ``lowerLimit`` lower directories, before the
    ///   kernel is asked; other failures with what the kernel says about them as causes.
    package static func make(
        lowers: [SharedDescriptor], changes: Changes? = nil, restrictions: MountRestrictions = [],
        usesUserAttributes: Bool = !UserNamespace.isInitial, scratch: borrowing Descriptor, way: Way = .automatic,
        doing: String, object: String
    ) throws(StorageError) -> DetachedMount {
        guard lowers.count <= lowerLimit else {
            throw StorageError(
                .limitExceeded, object: object,
                "cannot \(doing): it has \(lowers.count) layers, \(lowerLimit) is the most that overlayfs stacks",
                hint: "squash the image, or build it with fewer steps")
        }
        guard let lowest = lowers.last else {
            throw StorageError(.invalidInput, object: object, "cannot \(doing): there is no layer to mount")
        }
        let overlay = OverlayMount(
            lowers: lowers, changes: changes,
            restrictions: changes == nil ? restrictions.union(.readOnly) : restrictions,
            usesUserAttributes: usesUserAttributes)
        do throws(OverlayFailure) {
            if changes == nil && lowers.count == 1 { return try overlay.view(lowest) }
            return try overlay.mount(way, scratch)
        } catch {
            throw error.storageError(doing: doing, object: object)
        }
    }

    private func view(_ lowest: SharedDescriptor) throws(OverlayFailure) -> DetachedMount {
        do throws(FileError) {
            return try DetachedMount.cloning(lowest.descriptor, restrictions)
        } catch {
            throw OverlayFailure(error)
        }
    }

    private func mount(_ way: Way, _ scratch: borrowing Descriptor) throws(OverlayFailure) -> DetachedMount {
        switch way {
        case .byDescriptors: return try mountByContext(usesDescriptors: true)
        case .byPaths: return try mountByContext(usesDescriptors: false)
        case .byMountCall: return try mountByCall(scratch)
        case .automatic:
            var causes: [String] = []
            for usesDescriptors in [true, false] {
                do throws(OverlayFailure) {
                    return try mountByContext(usesDescriptors: usesDescriptors)
                } catch {
                    guard error.isUnknownToKernel else { throw error.adding(causes) }
                    causes += error.causes
                }
            }
            do throws(OverlayFailure) { return try mountByCall(scratch) } catch { throw error.adding(causes) }
        }
    }

    private func mountByContext(usesDescriptors: Bool) throws(OverlayFailure) -> DetachedMount {
        let context: FileSystemContext
        do throws(FileError) { context = try FileSystemContext(type: "overlay") } catch { throw OverlayFailure(error) }
        var isFirstLayer = false
        do throws(FileError) {
            try context.set("source", to: "overlay")
            isFirstLayer = true
            for lower in lowers {
                try give(lower, as: "lowerdir+", to: context, usesDescriptors)
                isFirstLayer = false
            }
            if let changes {
                try give(changes.upper, as: "upperdir", to: context, usesDescriptors)
                try give(changes.work, as: "workdir", to: context, usesDescriptors)
            }
            for option in Self.options { try context.set(option.key, to: option.value) }
            if usesUserAttributes { try context.set("userxattr") }
            return try context.mount(restrictions)
        } catch {
            throw OverlayFailure(
                error, messages: context.messages(), isUnknownToKernel: isFirstLayer && error.errno == .invalidArgument)
        }
    }

    private func give(
        _ directory: SharedDescriptor, as key: String, to context: borrowing FileSystemContext, _ usesDescriptors: Bool
    ) throws(FileError) {
        if usesDescriptors {
            try context.set(key, to: directory.descriptor)
        } else {
            try context.set(key, to: "/proc/self/fd/\(directory.descriptor.rawValue)")
        }
    }

    /// Why `nofollow` and not `off`: a kernel can be built to follow the redirects that it finds nevertheless, and `off` is
    /// refused together with `userxattr`.
    static let options: [(key: String, value: String)] = [
        ("index", "off"), ("metacopy", "off"), ("redirect_dir", "nofollow"), ("xino", "auto"),
    ]
}

/// Why an overlay could not be made, and what the kernel said about it.
struct OverlayFailure: Error {
    let error: FileError
    private(set) var causes: [String]
    /// Whether the kernel does not know this way of telling it the directories.
    let isUnknownToKernel: Bool

    init(_ error: FileError, messages: [String] = [], isUnknownToKernel: Bool = false) {
        self.error = error
        causes = [error.call] + messages
        self.isUnknownToKernel = isUnknownToKernel
    }

    func adding(_ earlier: [String]) -> OverlayFailure {
        var result = self
        result.causes += earlier
        return result
    }

    func storageError(doing: String, object: String) -> StorageError {
        let hint: String? =
            switch error.errno {
            case .notPermitted: "mounting needs root, or a user namespace of one's own"
            case .noDevice: "the kernel has no overlayfs; load it with 'modprobe overlay'"
            case .notImplemented: "mounting needs Linux 5.12"
            default: nil
            }
        let plain = StorageError.system(doing, object: object, errno: error.errno, hint: hint)
        return StorageError(
            plain.code, object: object, plain.message, errno: error.errno, hint: plain.hint, causes: causes)
    }
}

package import FileTree
package import StorageModel

/// What is mounted, opened once. From then on only the descriptor is used: what is put in its place afterwards, such as a
/// symbolic link, changes nothing.
package enum MountSource: Sendable {
    /// A directory or a file of the host, or a volume's data, opened with `O_PATH` or otherwise.
    case entry(SharedDescriptor)
    /// The read-only view of an image's root.
    case view(SharedMount)
    /// A new file system in memory.
    case memory

    /// Opens the source of a bind mount. Links in its path are followed, as everywhere on the host.
    ///
    /// - Throws: ``StorageModel/StorageError/Code/notFound`` for a missing source that is not to be made.
    package static func open(_ bind: BindMount) throws(StorageError) -> MountSource {
        let shown = bind.source.printable(limit: 300)
        do throws(FileError) {
            do throws(FileError) {
                return .entry(SharedDescriptor(try Descriptor.openPlace(atHostPath: bind.source)))
            } catch  where error.errno == .noEntry && bind.createsSource {
                try HostPath.makeDirectories(bind.source)
                return .entry(SharedDescriptor(try Descriptor.openPlace(atHostPath: bind.source)))
            }
        } catch {
            guard error.errno == .noEntry && !bind.createsSource else {
                throw StorageError(error, doing: "open the bind mount's source '\(shown)'", object: shown)
            }
            throw StorageError(
                .notFound, object: shown, "the bind mount's source '\(shown)' does not exist", errno: error.errno,
                hint: "make it first: mkdir -p '\(shown)'; -v and bind-create-src make it at the start",
                causes: [error.call])
        }
    }

    /// Opens a part of a volume or an image. Links in the path are followed as long as they stay inside.
    ///
    /// - Parameter whole: in words: "volume 'pg'".
    /// - Throws: ``StorageModel/StorageError/Code/notFound``; ``StorageModel/StorageError/Code/invalidInput`` for a path that
    ///   leads out.
    static func open(
        _ subpath: EntryPath, of root: borrowing Descriptor, _ whole: String
    ) throws(StorageError) -> SharedDescriptor {
        do throws(FileError) {
            return SharedDescriptor(try root.openPlace(within: subpath))
        } catch {
            let shown = subpath.description.printable(limit: 300)
            switch error.errno {
            case .noEntry, .notDirectory:
                throw StorageError(
                    .notFound, object: shown, "there is no '\(shown)' in \(whole)", errno: error.errno,
                    hint: "make it there first, or mount all of \(whole)", causes: [error.call])
            case .crossDevice, .tooManyLevels:
                throw StorageError(
                    .invalidInput, object: shown, "'\(shown)' leads out of \(whole)", errno: error.errno,
                    hint: "a symbolic link in it is absolute, or leads above the root: make it relative",
                    causes: [error.call])
            default:
                throw StorageError(error, doing: "open '\(shown)' in \(whole)", object: shown)
            }
        }
    }
}

extension MountSpec {
    /// What is mounted, in words: "volume 'pg'".
    package var sourceWords: String {
        switch content {
        case .volume(let mount): mount.name.map { "volume '\($0)'" } ?? "an anonymous volume"
        case .bind(let mount): "'\(mount.source.printable(limit: 300))'"
        case .tmpfs: "a tmpfs"
        case .image(let mount): "image '\(mount.reference.printable(limit: 200))'"
        }
    }

    /// The part of it that is mounted; the root for all.
    var subpath: EntryPath {
        switch content {
        case .volume(let mount): mount.subpath
        case .image(let mount): mount.subpath
        case .bind, .tmpfs: .root
        }
    }

    /// Whom its files seem to belong to, and where changes go.
    package var access: SourceAccess {
        switch content {
        case .volume(let mount): mount.access
        case .bind(let mount): mount.access
        case .tmpfs, .image: SourceAccess()
        }
    }

    /// How mounts spread between it and the host.
    package var propagation: MountPropagation {
        if case .bind(let mount) = content { mount.propagation } else { .rprivate }
    }

    /// What happens to what is mounted below the source.
    var recursion: BindMount.Recursion {
        if case .bind(let mount) = content { mount.recursion } else { .enabled }
    }

    /// What the mount forbids beside writing.
    var furtherRestrictions: MountRestrictions {
        var result: MountRestrictions = []
        if restrictions.contains(.noSetID) { result.insert(.noSetID) }
        if restrictions.contains(.noDevices) { result.insert(.noDevices) }
        if restrictions.contains(.noExecution) { result.insert(.noExecution) }
        return result
    }
}

package import FileTree
package import StorageModel

/// A directory of an image: what a volume that is mounted over it is filled from.
package struct StackDirectory: Sendable {
    /// Where it lies, with all links on the way resolved.
    package let path: EntryPath
    package let source: TreeSource
    /// Its own owner, mode and time.
    package let status: FileStatus
    /// Without those of overlayfs.
    package let attributes: [ExtendedAttribute]
}

extension LayerStack {
    /// The directory that a path of the container leads to, links followed inside the stack.
    ///
    /// - Returns: `nil` if the image has nothing there.
    /// - Throws: ``StorageError/Code/conflict`` if it has something else there, over which no volume can be mounted.
    package func directory(_ path: ContainerPath, inImage image: String) throws(StorageError) -> StackDirectory? {
        let shown = path.rawValue.printable(limit: 200)
        let resolution: Resolution
        do throws(FileError) { resolution = try resolve(path.entryPath) } catch {
            throw failure(error, shown, image)
        }
        switch resolution {
        case .missing: return nil
        case .directory(let directory):
            guard let top = directory.parts.first else { return nil }
            do throws(FileError) {
                return StackDirectory(
                    path: directory.path, source: TreeSource(directory.parts, marks: form, isImmutable: true),
                    status: try top.descriptor.status(),
                    attributes: try top.descriptor.extendedAttributes().filter { !OverlayForm.isReserved($0.name) })
            } catch {
                throw failure(error, shown, image)
            }
        case .other(let found, let kind):
            let place = "/" + found.description.printable(limit: 200)
            throw StorageError(
                .conflict, object: path.rawValue,
                "cannot mount a volume at '\(shown)': image '\(image.printable(limit: 200))' has a \(kind.word) there"
                    + (place == path.rawValue ? "" : ", '\(place)'"),
                hint: "mount it at a directory, or bind-mount a file of the host")
        }
    }

    private func failure(_ error: FileError, _ path: String, _ image: String) -> StorageError {
        StorageError(error, doing: "read '\(path)' in image '\(image.printable(limit: 200))'", object: path)
    }
}

package import Archive
package import Encryption
package import FileTree
package import StorageModel

/// An archive that was opened for reading, from a file or from standard input.
package struct OpenedArchive: Sendable {
    package let descriptor: SharedDescriptor
    package let name: String
    /// Set where the archive can be read at any place and has a table of Holdfast's.
    package let file: ArchiveFile?
    /// The size of the file; 0 for a pipe.
    package let sizeBytes: UInt64

    private let content: Content

    /// How the archive's bytes come out of the file.
    private enum Content: Sendable {
        case plain
        /// A pipe whose first bytes were looked at.
        case pipe(DescriptorStream)
        case encryptedFile(EncryptedFile)
        /// Encrypted, and readable in order only.
        case encryptedStream(DecryptingStream)
    }

    /// Opens the archive and, where it can be read at any place, its table. An encrypted one opens only if its authenticated
    /// end is there.
    ///
    /// - Throws: ``StorageError/Code/notFound`` for a missing file, ``StorageError/Code/damaged`` for a damaged table,
    ///   ``StorageError/Code/permissionDenied`` if it is encrypted and no key opens it.
    package static func open(
        _ reference: ArchiveReference, keys: DecryptionKeys, checkpoint: Checkpoint
    ) throws(StorageError) -> OpenedArchive {
        let (descriptor, status) = try openDescriptor(reference)
        let name = reference.description
        let interruption = checkpoint.interruption
        guard status.kind == .file else {
            let stream = DescriptorStream(descriptor, name: name, from: nil, interruption: interruption)
            let content = try streamed(stream, name, keys)
            return OpenedArchive(descriptor: descriptor, name: name, file: nil, sizeBytes: 0, content: content)
        }
        let content: Content
        var file: ArchiveFile?
        switch try form(of: descriptor, name) {
        case nil:
            content = .plain
            file = try ArchiveFile.open(descriptor, name: name)
        case .armored:
            content = try streamed(
                DescriptorStream(descriptor, name: name, from: 0, interruption: interruption), name, keys)
        case .binary:
            let encrypted = try EncryptedFile(descriptor, name: name, keys: keys, interruption: interruption)
            content = .encryptedFile(encrypted)
            file = try ArchiveFile.open(descriptor, name: name, content: encrypted)
        }
        return OpenedArchive(
            descriptor: descriptor, name: name, file: file, sizeBytes: status.sizeBytes, content: content)
    }

    /// Opens the archive without looking at its table or its end, to be read as a stream from its start.
    static func openStream(
        _ reference: ArchiveReference, keys: DecryptionKeys, checkpoint: Checkpoint
    ) throws(StorageError) -> OpenedArchive {
        let (descriptor, status) = try openDescriptor(reference)
        let name = reference.description
        var content = Content.plain
        if status.kind == .file, try form(of: descriptor, name) != nil {
            content = try streamed(
                DescriptorStream(descriptor, name: name, from: 0, interruption: checkpoint.interruption), name, keys)
        }
        return OpenedArchive(
            descriptor: descriptor, name: name, file: nil, sizeBytes: status.sizeBytes, content: content)
    }

    /// The size of the file at `path` if it is encrypted.
    static func encryptedSize(_ path: String) throws(StorageError) -> UInt64? {
        let (descriptor, status) = try openDescriptor(.file(path))
        return try form(of: descriptor, path) == nil ? nil : status.sizeBytes
    }

    private static func form(
        of descriptor: SharedDescriptor, _ name: String
    ) throws(StorageError) -> AgeFile.Form? {
        let beginning = DescriptorStream(
            descriptor, name: name, from: 0, readBytes: AgeFile.headBytes, interruption: Interruption())
        return AgeFile.Form.detect(try beginning.peek(AgeFile.headBytes))
    }

    private static func streamed(
        _ stream: DescriptorStream, _ name: String, _ keys: DecryptionKeys
    ) throws(StorageError) -> Content {
        switch AgeFile.Form.detect(try stream.peek(AgeFile.headBytes)) {
        case nil: .pipe(stream)
        case .binary: .encryptedStream(try DecryptingStream(stream, name: name, keys: keys))
        case .armored: .encryptedStream(try DecryptingStream(Armor(stream, name: name), name: name, keys: keys))
        }
    }

    private static func openDescriptor(
        _ reference: ArchiveReference
    ) throws(StorageError) -> (SharedDescriptor, FileStatus) {
        do throws(FileError) {
            let descriptor: SharedDescriptor
            switch reference {
            case .file(let path): descriptor = SharedDescriptor(try Descriptor.openFile(atHostPath: path))
            case .standardInput: descriptor = SharedDescriptor(try Descriptor.standardInput())
            }
            let status = try descriptor.descriptor.status()
            if status.kind == .directory {
                throw FileError(operation: "read", path: reference.description, errno: .isDirectory)
            }
            return (descriptor, status)
        } catch {
            let name = reference.description
            throw StorageError(
                error, doing: "open archive '\(name.printable())'", object: name,
                hint: error.errno == .noEntry || error.errno == .isDirectory
                    ? "holdfast backup ls DEST lists the archives of a destination" : nil)
        }
    }

    /// The name for reports: a file's absolute path.
    package var reportedName: String { isFile ? HostPath.absolute(name) : name }

    private var isFile: Bool { name != ArchiveReference.standardInput.description }

    var isEncrypted: Bool {
        switch content {
        case .plain, .pipe: false
        case .encryptedFile, .encryptedStream: true
        }
    }

    /// Whether it is known, before anything is read, that nothing is missing from the end of an encrypted archive.
    var isEndProved: Bool {
        if case .encryptedStream = content { false } else { true }
    }

    /// The place in the file of a place in the archive, which are the same if it is not encrypted.
    func place(ofContent offset: UInt64) -> UInt64 {
        switch content {
        case .plain, .pipe: offset
        case .encryptedFile(let file): file.place(ofContent: offset)
        case .encryptedStream(let stream): stream.place(ofContent: offset)
        }
    }

    /// The whole tar stream, decompressed by `threads`.
    package func feed(threads: Int, checkpoint: Checkpoint) throws(StorageError) -> TarFeed {
        let stream: any ByteStream
        switch content {
        case .plain:
            return try TarFeed(
                descriptor, name: name, threads: threads, limits: ArchiveLimits(),
                interruption: checkpoint.interruption)
        case .pipe(let pipe): stream = pipe
        case .encryptedFile(let file): stream = file.stream(interruption: checkpoint.interruption)
        case .encryptedStream(let decrypting): stream = decrypting
        }
        return try TarFeed(
            stream, name: name, threads: threads, limits: ArchiveLimits(), interruption: checkpoint.interruption)
    }

    /// Reads all of an encrypted file beforehand, so that damage anywhere in it is known. Cost: decrypting it once more.
    func proveContent(_ checkpoint: Checkpoint) throws(StorageError) {
        guard case .encryptedFile(let file) = content else { return }
        let stream = file.stream(interruption: checkpoint.interruption)
        while try stream.next() != nil { try checkpoint.interruption.check() }
    }

    /// Reads an encrypted archive to its authenticated end: before, nobody knows that it is whole.
    func proveEnd(_ reader: inout TarReader, _ feed: TarFeed) throws(StorageError) {
        guard isEncrypted else { return }
        try reader.drain()
        try feed.readInputToEnd()
    }
}

package import FileTree
package import StorageModel

/// The content of an age file that can be read at any place: only the chunks that hold what is wanted are decrypted.
///
/// Opening decrypts the last chunk, without which the size would be a guess: a file that was cut off does not open. Every
/// chunk is authenticated, in its place, before any byte of it is given.
package final class EncryptedFile: SeekableBytes {
    package let sizeBytes: UInt64
    /// Of the file itself.
    package let fileBytes: UInt64
    private let descriptor: SharedDescriptor
    private let name: String
    private let cipher: PayloadCipher
    private let layout: PayloadLayout
    private let chunks: (count: UInt64, lastBytes: UInt64)
    /// Neighbouring reads often meet in a chunk.
    private let latest = Monitor<(ordinal: UInt64, content: [UInt8])?>(nil)

    /// How many chunks are read from the file at once.
    private static let stretchChunks: UInt64 = 16
    /// Enough for the header of a few recipients.
    private static let headBytes = 4096

    /// - Throws: ``StorageError/Code/permissionDenied`` if no key opens it, ``StorageError/Code/damaged``,
    ///   ``StorageError/Code/truncated``.
    package init(
        _ descriptor: SharedDescriptor, name: String, keys: DecryptionKeys, interruption: Interruption
    ) throws(StorageError) {
        self.descriptor = descriptor
        self.name = name
        do throws(FileError) {
            fileBytes = try descriptor.descriptor.status().sizeBytes
        } catch {
            throw StorageError(error, doing: "read '\(name.printable())'", object: name)
        }
        let beginning = DescriptorStream(
            descriptor, name: name, from: 0, readBytes: Self.headBytes, interruption: interruption)
        let head = try AgeHeader.read(from: beginning, name: name)
        layout = PayloadLayout(headerBytes: head.header.lengthBytes)
        chunks = layout.chunks(fileBytes: fileBytes)
        do throws(AgeFault) {
            cipher = PayloadCipher(try keys.fileKey(head.header), nonce: head.nonce)
            guard chunks.lastBytes >= UInt64(PayloadCipher.tagBytes) else { throw .cutOff }
        } catch {
            throw error.failure(of: name)
        }
        sizeBytes = PayloadLayout.contentBytes(chunks: chunks)
        try proveEnd()
    }

    private func proveEnd() throws(StorageError) {
        let last = chunks.count - 1
        let sealed = try readSealed(last..<chunks.count)
        var content: [UInt8] = []
        if sealed.withUnsafeBytes({ cipher.open($0, last, isLast: true, to: &content) }) {
            guard !content.isEmpty || last == 0 else {
                throw AgeFault(.payload, "ends with an empty chunk, which the format forbids").failure(of: name)
            }
            keep(last, content)
            return
        }
        let isWholeChunk = sealed.withUnsafeBytes { cipher.open($0, last, isLast: false, to: &content) }
        throw (isWholeChunk ? AgeFault.cutOff : .cutOffOrDamaged).failure(of: name)
    }

    package func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(StorageError) -> Int {
        guard offset < sizeBytes else { return 0 }
        let wanted = Int(min(UInt64(buffer.count), sizeBytes - offset))
        guard wanted > 0 else { return 0 }
        let chunkBytes = UInt64(PayloadCipher.chunkBytes)
        var filled = 0
        while filled < wanted {
            let place = offset + UInt64(filled)
            let first = place / chunkBytes
            if let content = latest.update({ $0?.ordinal == first ? $0?.content : nil }) {
                filled += Self.copy(content, from: Int(place % chunkBytes), to: buffer, filled, wanted)
                continue
            }
            let end = min((offset + UInt64(wanted) - 1) / chunkBytes + 1, first + Self.stretchChunks)
            let sealed = try readSealed(first..<end)
            for ordinal in first..<end {
                let content = try open(sealed, ordinal, first)
                let start = ordinal == first ? Int(place % chunkBytes) : 0
                filled += Self.copy(content, from: start, to: buffer, filled, wanted)
                if ordinal == end - 1 { keep(ordinal, content) }
            }
        }
        return filled
    }

    /// The content from its beginning, for who reads everything.
    package func stream(interruption: Interruption) -> DecryptingStream {
        DecryptingStream(
            DescriptorStream(descriptor, name: name, from: layout.start, interruption: interruption), name: name,
            cipher: cipher, layout: layout)
    }

    /// The place in the file of a place in the content.
    package func place(ofContent offset: UInt64) -> UInt64 {
        offset == sizeBytes ? fileBytes : layout.place(ofContent: offset)
    }

    private func open(_ sealed: [UInt8], _ ordinal: UInt64, _ first: UInt64) throws(StorageError) -> [UInt8] {
        let start = Int(ordinal - first) * PayloadCipher.sealedChunkBytes
        let end = min(start + PayloadCipher.sealedChunkBytes, sealed.count)
        var content: [UInt8] = []
        content.reserveCapacity(PayloadCipher.chunkBytes)
        let isAuthentic = sealed.withUnsafeBytes { bytes in
            cipher.open(
                UnsafeRawBufferPointer(rebasing: bytes[start..<end]), ordinal, isLast: ordinal == chunks.count - 1,
                to: &content)
        }
        guard isAuthentic else { throw AgeFault.damagedChunk(at: layout.place(ofChunk: ordinal)).failure(of: name) }
        return content
    }

    private func keep(_ ordinal: UInt64, _ content: [UInt8]) { latest.update { $0 = (ordinal, content) } }

    private func readSealed(_ ordinals: Range<UInt64>) throws(StorageError) -> [UInt8] {
        let start = layout.place(ofChunk: ordinals.lowerBound)
        let end = min(layout.place(ofChunk: ordinals.upperBound), fileBytes)
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(end - start)) { room, count in
            do throws(FileError) {
                let part = UnsafeMutableRawBufferPointer(start: room.baseAddress, count: Int(end - start))
                count = try descriptor.descriptor.read(into: part, at: start)
            } catch {
                failure = error
            }
        }
        if let failure { throw StorageError(failure, doing: "read '\(name.printable())'", object: name) }
        guard bytes.count == Int(end - start) else { throw AgeFault.cutOff.failure(of: name) }
        return bytes
    }

    private static func copy(
        _ content: [UInt8], from start: Int, to buffer: UnsafeMutableRawBufferPointer, _ filled: Int, _ wanted: Int
    ) -> Int {
        content.withUnsafeBytes { bytes in
            let count = min(bytes.count - start, wanted - filled)
            guard count > 0 else { return 0 }
            UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<(filled + count)])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)]))
            return count
        }
    }
}

package import FileTree
package import StorageModel

/// The content of an age file, in order. Ends only where the file was ended by who wrote it: the end of the stream is proof
/// that nothing is missing.
///
/// `@unchecked Sendable` holds because one thread uses it at a time, as every ``ByteStream``.
package final class DecryptingStream: ByteStream, @unchecked Sendable {
    private let input: any ByteStream
    private let name: String
    private let cipher: PayloadCipher
    private let layout: PayloadLayout
    private var buffer: [UInt8] = []
    private var position = 0
    private var inputHasEnded = false
    private var ordinal: UInt64 = 0
    private var isFinished = false
    /// What the next call throws: what was opened before the fault is given first.
    private var fault: AgeFault?

    /// Reads the header and finds the file's key.
    ///
    /// - Throws: ``StorageError/Code/permissionDenied`` if no key opens it, ``StorageError/Code/damaged``, and what the
    ///   input throws.
    package init(_ input: any ByteStream, name: String, keys: DecryptionKeys) throws(StorageError) {
        let head = try AgeHeader.read(from: input, name: name)
        self.input = input
        self.name = name
        layout = PayloadLayout(headerBytes: head.header.lengthBytes)
        do throws(AgeFault) {
            cipher = PayloadCipher(try keys.fileKey(head.header), nonce: head.nonce)
        } catch {
            throw error.failure(of: name)
        }
        buffer = head.rest
    }

    /// Reads on behind a header that was read already.
    ///
    /// - Parameter input: begins with the first chunk.
    init(_ input: any ByteStream, name: String, cipher: PayloadCipher, layout: PayloadLayout) {
        self.input = input
        self.name = name
        self.cipher = cipher
        self.layout = layout
    }

    package func next() throws(StorageError) -> [UInt8]? {
        if let fault { throw fault.failure(of: name) }
        if isFinished { return nil }
        while !inputHasEnded && buffer.count - position <= PayloadCipher.sealedChunkBytes { try fill() }
        var output: [UInt8] = []
        output.reserveCapacity(buffer.count - position)
        do throws(AgeFault) {
            // Behind each of these something follows, so that none is the last.
            while buffer.count - position > PayloadCipher.sealedChunkBytes { try openFull(to: &output) }
            if inputHasEnded { try openLast(to: &output) }
        } catch {
            fault = error
        }
        if !output.isEmpty { return output }
        if let fault { throw fault.failure(of: name) }
        return nil
    }

    /// The place in the file of a place in the content.
    package func place(ofContent offset: UInt64) -> UInt64 { layout.place(ofContent: offset) }

    private func fill() throws(StorageError) {
        if position > 0 {
            buffer.removeSubrange(..<position)
            position = 0
        }
        guard let part = try input.next() else {
            inputHasEnded = true
            return
        }
        if buffer.isEmpty { buffer = part } else { buffer += part }
    }

    private func openFull(to output: inout [UInt8]) throws(AgeFault) {
        let count = PayloadCipher.sealedChunkBytes
        if open(count, isLast: false, to: &output) {
            position += count
            ordinal += 1
            return
        }
        guard open(count, isLast: true, to: &output) else { throw damagedChunk }
        throw AgeFault(.payload, "goes on behind the end of what was encrypted")
    }

    private func openLast(to output: inout [UInt8]) throws(AgeFault) {
        isFinished = true
        let count = buffer.count - position
        if count == 0 || count < PayloadCipher.tagBytes { throw .cutOff }
        if open(count, isLast: true, to: &output) {
            guard count > PayloadCipher.tagBytes || ordinal == 0 else {
                throw AgeFault(.payload, "ends with an empty chunk, which the format forbids")
            }
            return
        }
        if count == PayloadCipher.sealedChunkBytes && open(count, isLast: false, to: &output) { throw .cutOff }
        throw count == PayloadCipher.sealedChunkBytes ? damagedChunk : .cutOffOrDamaged
    }

    private func open(_ count: Int, isLast: Bool, to output: inout [UInt8]) -> Bool {
        buffer.withUnsafeBytes { bytes in
            let sealed = UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
            return cipher.open(sealed, ordinal, isLast: isLast, to: &output)
        }
    }

    private var damagedChunk: AgeFault { .damagedChunk(at: layout.place(ofChunk: ordinal)) }
}

extension AgeFault {
    static let cutOff = AgeFault(.truncation, "was cut off: its authenticated end is missing")
    /// A last chunk that is shorter than the others does not tell the two apart.
    static let cutOffOrDamaged = AgeFault(.truncation, "was cut off, or its end is damaged")

    static func damagedChunk(at offset: UInt64) -> AgeFault {
        AgeFault(.payload, "is damaged: what lies from byte \(offset) on is not what was encrypted")
    }
}

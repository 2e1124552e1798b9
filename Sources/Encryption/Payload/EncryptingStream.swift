package import StorageModel

/// Makes an age file of the bytes it is given, in order, and hands it on.
///
/// Give everything to ``write(_:)``, then call ``finish()``: without its end a file cannot be told from a truncated one.
/// Memory: two mebibytes. Used by one thread.
package final class EncryptingStream {
    package typealias Output = (UnsafeRawBufferPointer) throws(StorageError) -> Void

    private let output: Output
    private let cipher: PayloadCipher
    private var ordinal: UInt64 = 0
    /// Content that is not sealed yet: up to a chunk, because the last one is sealed in another way.
    private var pending: [UInt8] = []
    private var sealed: [UInt8] = []
    /// How much was handed on: the size of the file in the end.
    package private(set) var sizeBytes: UInt64 = 0

    private static let stretchBytes = 1 << 20

    /// Makes the file's key and header. With a passphrase this takes a second.
    package convenience init(_ keys: EncryptionKeys, to output: @escaping Output) throws(StorageError) {
        let key = FileKey()
        self.init(key, header: try keys.header(key), to: output)
    }

    init(_ key: FileKey, header: [UInt8], to output: @escaping Output) {
        self.output = output
        let nonce = PayloadCipher.makeNonce()
        cipher = PayloadCipher(key, nonce: nonce)
        sealed = header + nonce
        sealed.reserveCapacity(Self.stretchBytes + PayloadCipher.sealedChunkBytes)
        pending.reserveCapacity(PayloadCipher.chunkBytes)
    }

    /// Takes a part of the content of any length.
    ///
    /// - Throws: what the output throws.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        var rest = bytes
        while !rest.isEmpty {
            if pending.count == PayloadCipher.chunkBytes { try sealPending(isLast: false) }
            if pending.isEmpty && rest.count > PayloadCipher.chunkBytes {
                // More follows, so that this is not the last chunk: it need not be kept.
                try seal(UnsafeRawBufferPointer(rebasing: rest[..<PayloadCipher.chunkBytes]), isLast: false)
                rest = UnsafeRawBufferPointer(rebasing: rest[PayloadCipher.chunkBytes...])
                continue
            }
            let count = min(PayloadCipher.chunkBytes - pending.count, rest.count)
            pending.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Seals the last chunk and hands everything on.
    package func finish() throws(StorageError) {
        try sealPending(isLast: true)
        try flush()
    }

    private func sealPending(isLast: Bool) throws(StorageError) {
        try pending.withUnsafeBufferPointer { (bytes) throws(StorageError) in
            try seal(UnsafeRawBufferPointer(bytes), isLast: isLast)
        }
        pending.removeAll(keepingCapacity: true)
    }

    private func seal(_ chunk: UnsafeRawBufferPointer, isLast: Bool) throws(StorageError) {
        try cipher.seal(chunk, ordinal, isLast: isLast, to: &sealed)
        ordinal += 1
        if sealed.count >= Self.stretchBytes { try flush() }
    }

    private func flush() throws(StorageError) {
        try sealed.withUnsafeBufferPointer { (bytes) throws(StorageError) in
            try output(UnsafeRawBufferPointer(bytes))
        }
        sizeBytes += UInt64(sealed.count)
        sealed.removeAll(keepingCapacity: true)
    }
}

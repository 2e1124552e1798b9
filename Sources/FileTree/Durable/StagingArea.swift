internal import StorageModel

/// A directory `staging/<op>/` in which one operation builds what it will publish.
///
/// Its lease file is locked as long as the process lives. Whoever can take the lease knows that the builder is gone and
/// may sweep the directory: nothing in staging is true until it was renamed away.
package final class StagingArea: Sendable {
    /// The operation's own directory.
    package let directory: Descriptor
    private let staging: Descriptor
    private let name: [UInt8]
    private let lease: Lease

    static let leaseName = Array(".lease".utf8)

    /// Makes and locks a new area under `staging`.
    package static func make(in staging: borrowing Descriptor) throws(FileError) -> StagingArea {
        while true {
            let name = RandomName.make()
            try staging.makeDirectory(name, mode: 0o700)
            let directory = try staging.openDirectory(name)
            let file = try directory.createFile(leaseName)
            // A sweeper may have taken the lease between the two calls; then the area is its to remove.
            guard let lease = try Lease.take(file, .exclusive) else { continue }
            return StagingArea(directory, try staging.duplicate(), name, lease)
        }
    }

    private init(
        _ directory: consuming Descriptor, _ staging: consuming Descriptor, _ name: [UInt8], _ lease: consuming Lease
    ) {
        self.directory = directory
        self.staging = staging
        self.name = name
        self.lease = lease
    }

    /// Removes the area with everything that was not renamed away. Call in every case; a crash leaves it to the sweep.
    package func discard() throws(FileError) { try TreeRemoval.remove(name, in: staging) }

    /// Removes the areas whose process is gone.
    ///
    /// - Returns: how many were removed.
    @discardableResult
    package static func sweep(_ staging: borrowing Descriptor) throws(FileError) -> Int {
        var removed = 0
        for entry in try staging.entries() {
            do throws(FileError) {
                if try isAbandoned(entry.name, in: staging) {
                    try TreeRemoval.remove(entry.name, in: staging)
                    removed += 1
                }
            } catch {
                // Another sweeper was faster, or the area was just discarded by its owner.
                if error.errno != .noEntry { throw error }
            }
        }
        return removed
    }

    private static func isAbandoned(_ name: [UInt8], in staging: borrowing Descriptor) throws(FileError) -> Bool {
        guard try staging.status(of: name).kind == .directory else { return true }
        let directory = try staging.openDirectory(name)
        do throws(FileError) {
            let file = try directory.openFile(leaseName, for: .readingAndWriting)
            guard let lease = try Lease.take(file, .exclusive) else { return false }
            _ = consume lease
            return true
        } catch where error.errno == .noEntry {
            // Just made, its lease not yet there: give it a minute before it counts as abandoned.
            let age = Timestamp.now.seconds - (try directory.status().changedAt.seconds)
            return age > 60
        }
    }
}

/// Names that nobody else has: 128 random bits in hexadecimal.
package enum RandomName {
    package static func make() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef".utf8)
        return (0..<2).flatMap { _ -> [UInt8] in
            let word: UInt64 = generator.next()
            return (0..<16).map { digits[Int(word >> (4 * UInt64($0)) & 15)] }
        }
    }
}

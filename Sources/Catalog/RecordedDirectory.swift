package import FileTree
package import StorageModel

/// A directory of the store whose entries are named by rows of the catalog: what has no row is garbage.
///
/// Publishing is a row and a rename inside one IMMEDIATE transaction, so whoever holds such a transaction and finds an
/// entry without a row may move it away: nobody is just publishing it.
package final class RecordedDirectory: Sendable {
    package let directory: Descriptor
    private let catalog: Catalog
    private let trash: Descriptor
    private let names: @Sendable (Transaction) throws(StorageError) -> Set<String>
    private let rescue: @Sendable ([UInt8], Transaction) throws(StorageError) -> Bool
    /// For messages: `volume`, `layer`.
    private let word: String

    /// - Parameters:
    ///   - names: the names of the entries that belong to something.
    ///   - rescue: looks at an entry without a row before it is thrown away. `true` if it was something after all and is where
    ///     it belongs now.
    package init(
        _ directory: consuming Descriptor, _ word: String, catalog: Catalog, trash: consuming Descriptor,
        names: @escaping @Sendable (Transaction) throws(StorageError) -> Set<String>,
        rescue: @escaping @Sendable ([UInt8], Transaction) throws(StorageError) -> Bool = { _, _ in false }
    ) {
        self.directory = directory
        self.word = word
        self.catalog = catalog
        self.trash = trash
        self.names = names
        self.rescue = rescue
    }

    /// Moves every entry without a row into the trash, which is emptied by others. Cost where there is nothing to do: one
    /// listing and one read of the names, without a lock.
    ///
    /// - Returns: how many there were.
    @discardableResult
    package func sweep() throws(StorageError) -> Int {
        let suspects = try orphans(known: try catalog.read(names))
        if suspects.isEmpty { return 0 }
        return try catalog.transaction { transaction throws(StorageError) in
            let orphans = try orphans(transaction)
            for name in orphans { _ = try moveAside(name, transaction) }
            return orphans.count
        }
    }

    /// Deletes the entry `name` if no row has it: what was just removed, or was not published after all.
    package func discard(_ name: [UInt8]) throws(StorageError) {
        let text = String(decoding: name, as: UTF8.self)
        let trashed: [UInt8]? = try catalog.transaction { transaction throws(StorageError) in
            if try names(transaction).contains(text) { return nil }
            return try moveAside(name, transaction)
        }
        guard let trashed else { return }
        try attempt(name) { () throws(FileError) in
            // Held while the tree is deleted, so that others that open the store do not delete it too, or wait for it.
            let lease = try Lease.take(try trash.reopenDirectory(), .shared)
            try delete(trashed)
            lease?.release()
        }
    }

    /// Others who had the entry open may still make their lease file in it, once.
    private func delete(_ trashed: [UInt8]) throws(FileError) {
        for _ in 0..<3 {
            do throws(FileError) {
                return try TreeRemoval.remove(trashed, in: trash)
            } catch  where error.errno == .notEmpty {}
        }
        try TreeRemoval.remove(trashed, in: trash)
    }

    /// Moves an entry out of the way of a new one of its name. Call inside a transaction that found no row of it.
    package func moveAside(_ name: [UInt8]) throws(FileError) { _ = try move(name) }

    /// As ``moveAside(_:)``, unless it is something after all.
    ///
    /// - Returns: the name in the trash; `nil` if there is nothing of the name any more.
    @discardableResult
    package func moveAside(_ name: [UInt8], _ transaction: Transaction) throws(StorageError) -> [UInt8]? {
        if try rescue(name, transaction) { return nil }
        return try attempt(name) { () throws(FileError) in try move(name) }
    }

    /// The entries without a row. Call inside a transaction.
    package func orphans(_ transaction: Transaction) throws(StorageError) -> [[UInt8]] {
        try orphans(known: try names(transaction))
    }

    /// - Returns: the name in the trash; `nil` if there is no such entry, because another process swept it.
    private func move(_ name: [UInt8]) throws(FileError) -> [UInt8]? {
        do throws(FileError) {
            return try Trash.move(name, of: directory, to: trash)
        } catch  where error.errno == .noEntry {
            return nil
        }
    }

    private func orphans(known: Set<String>) throws(StorageError) -> [[UInt8]] {
        do throws(FileError) {
            return try directory.entries().map(\.name).filter { !known.contains(String(decoding: $0, as: UTF8.self)) }
        } catch {
            throw StorageError(error, doing: "list the store's \(word)s", object: "")
        }
    }

    private func attempt<Result>(
        _ name: [UInt8], _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) {
            return try body()
        } catch {
            let shown = String(decoding: name, as: UTF8.self).printable()
            throw StorageError(error, doing: "delete the data of the removed \(word) '\(shown)'", object: shown)
        }
    }
}

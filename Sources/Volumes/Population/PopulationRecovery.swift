internal import Catalog
package import FileTree
internal import StorageModel

extension Volumes {
    /// Brings a volume into order in which a process died while it populated it. Call under the exclusive lease.
    func settlePopulation(in data: borrowing Descriptor, of name: VolumeName) throws(StorageError) {
        let leftover = try attempt("open volume '\(name)'", name) { () throws(FileError) in
            try HiddenPopulation.leftover(in: data)
        }
        switch leftover {
        case .none: return
        case .committed: try completePopulation(in: data, of: name)
        case .partial:
            try attempt("remove what is left of a population of volume '\(name)'", name) { () throws(FileError) in
                try HiddenPopulation.discard(in: data)
            }
        }
    }

    func hasUnsettledPopulation(_ opened: OpenedVolume) throws(StorageError) -> Bool {
        let name = opened.volume.name
        return try attempt("open volume '\(name)'", name) { () throws(FileError) in
            try HiddenPopulation.leftover(in: opened.data) != .none
        }
    }

    /// Moves what was committed to its place, and records it.
    func completePopulation(in data: borrowing Descriptor, of name: VolumeName) throws(StorageError) {
        try HiddenPopulation.complete(in: data, ownership: PopulationContent.isPrivileged) {
            (mark) throws(StorageError) in
            if mark.subpath.isRoot { try recordIfNewer(mark.population, of: name) { _ in true } }
        }
    }

    /// Records a population whose process died between putting it in place and recording it. For the sweep, before it removes
    /// a staging area that nobody holds.
    ///
    /// - Returns: whether the area may be removed now.
    package func settlePopulation(markedIn area: borrowing Descriptor) -> Bool {
        do throws(FileError) {
            guard let mark = try PopulationMark.read(in: area), let directory = try dataNumber(of: mark.volume),
                directory == mark.directory
            else { return true }
            do throws(StorageError) {
                try recordIfNewer(mark.population, of: mark.volume) { $0.createdAt == mark.createdAt }
                return true
            } catch {
                // A catalog that cannot be written now can be later.
                return false
            }
        } catch {
            return false
        }
    }

    private func dataNumber(of name: VolumeName) throws(FileError) -> DirectoryNumber? {
        do throws(FileError) {
            return try DirectoryNumber(of: try directory.openDirectory(name.bytes).openDirectory(Self.dataName))
        } catch  where error.errno == .noEntry {
            return nil
        }
    }

    private func recordIfNewer(
        _ population: VolumePopulation, of name: VolumeName, _ isMeant: (Volume) -> Bool
    ) throws(StorageError) {
        try catalog.transaction { transaction throws(StorageError) in
            guard let volume = try transaction.volume(named: name), isMeant(volume) else { return }
            if let known = volume.population, known.populatedAt >= population.populatedAt { return }
            _ = try transaction.setPopulation(population, of: name)
        }
    }
}

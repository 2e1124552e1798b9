package import FileTree
package import StorageModel

/// Finds out what several sources have in common: inodes with names in more than one of them, and sources that lie inside of
/// others, as a directory of a volume that is named too.
///
/// Each source is counted in full. The sum counts every inode once.
package struct SharedAccounts {
    /// One scanned source.
    package struct Account: Sendable {
        package let root: FileIdentity
        package let outcome: UsageScan.Outcome

        package init(root: FileIdentity, outcome: UsageScan.Outcome) {
            self.root = root
            self.outcome = outcome
        }
    }

    private let accounts: [Account]
    /// For each account the others whose trees lie inside of its own; of two that are the same, the later in the earlier.
    private let inner: [[Int]]

    package init(_ accounts: [Account]) {
        self.accounts = accounts
        inner = accounts.indices.map { outer in
            accounts.indices.filter { candidate in
                guard candidate != outer else { return false }
                if accounts[candidate].root == accounts[outer].root { return candidate > outer }
                return accounts[outer].outcome.met.contains(accounts[candidate].root)
            }
        }
    }

    /// What of each source other sources have too, in bytes of allocated blocks.
    package func sharedBytes() -> [UInt64] {
        var owners: [FileIdentity: Int] = [:]
        for account in accounts {
            for identity in account.outcome.outsideLinks.keys { owners[identity, default: 0] += 1 }
        }
        return accounts.indices.map { index in
            let account = accounts[index]
            if isInsideOfAnother(index) { return account.outcome.totals.allocatedBytes }
            var sum: UInt64 = 0
            let contained = outermost(inner[index])
            for other in contained { sum += accounts[other].outcome.totals.allocatedBytes }
            for (identity, link) in account.outcome.outsideLinks where owners[identity, default: 0] > 1 {
                // Counted already with the inner tree that has a name of it.
                if contained.contains(where: { accounts[$0].outcome.outsideLinks[identity] != nil }) { continue }
                sum += link.allocatedBytes
            }
            return sum
        }
    }

    /// What all sources take together, each inode once.
    package func sum() -> UsageSum {
        var sum = UsageSum()
        var seen: Set<FileIdentity> = []
        for index in accounts.indices {
            let outcome = accounts[index].outcome
            sum.isPartial = sum.isPartial || outcome.isPartial
            if isInsideOfAnother(index) { continue }
            sum.totals += outcome.totals
            for (identity, link) in outcome.outsideLinks where !seen.insert(identity).inserted {
                sum.totals.allocatedBytes &-= link.allocatedBytes
                sum.totals.apparentBytes &-= link.apparentBytes
                sum.totals.files &-= 1
            }
        }
        return sum
    }

    /// What of each source's extents other sources have too.
    package func extents() -> [ExtentUsage?] {
        accounts.indices.map { index in
            guard let map = accounts[index].outcome.extents else { return nil }
            let others = accounts.indices.filter {
                $0 != index && accounts[$0].outcome.extentSpace == accounts[index].outcome.extentSpace
            }
            let between = map.sharedBytes(with: others.compactMap { accounts[$0].outcome.extents })
            return ExtentUsage(
                exclusiveBytes: map.exclusiveBytes, sharedBytes: map.sharedBytes, betweenSourcesBytes: between,
                isEncoded: map.isEncoded)
        }
    }

    private func isInsideOfAnother(_ index: Int) -> Bool { inner.contains { $0.contains(index) } }

    /// Those of the trees that lie in no other of them.
    private func outermost(_ candidates: [Int]) -> [Int] {
        candidates.filter { candidate in !candidates.contains { $0 != candidate && inner[$0].contains(candidate) } }
    }
}

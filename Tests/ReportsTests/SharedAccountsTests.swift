import FileTree
import Reports
import StorageModel
import Testing

/// Goal: each source in full, what they share beside it, and everything once in the sum. Method: outcomes made by hand.
@Suite("Accounts of several sources") struct SharedAccountsTests {
    private func account(
        _ root: UInt64, bytes: UInt64, files: UInt64 = 1, links: [UInt64: UInt64] = [:], met: [UInt64] = []
    ) -> SharedAccounts.Account {
        var outcome = UsageScan.Outcome()
        outcome.totals.allocatedBytes = bytes
        outcome.totals.files = files
        for (inode, size) in links {
            outcome.outsideLinks[FileIdentity(device: 1, inode: inode)] =
                UsageScan.OutsideLink(allocatedBytes: size, apparentBytes: size)
        }
        outcome.met = Set(met.map { FileIdentity(device: 1, inode: $0) })
        return SharedAccounts.Account(root: FileIdentity(device: 1, inode: root), outcome: outcome)
    }

    @Test("sources that have nothing in common are added")
    func apart() {
        let accounts = SharedAccounts([account(1, bytes: 10), account(2, bytes: 20, links: [9: 5])])
        #expect(accounts.sharedBytes() == [0, 0])
        #expect(accounts.sum().totals.allocatedBytes == 30)
    }

    @Test("an inode with names in three sources is shared by each and counted once")
    func linked() {
        let accounts = SharedAccounts((1...3).map { account($0, bytes: 10, files: 2, links: [9: 4]) })
        #expect(accounts.sharedBytes() == [4, 4, 4])
        #expect(accounts.sum().totals.allocatedBytes == 22)
        #expect(accounts.sum().totals.files == 4)
    }

    @Test("a source inside of another is shared as a whole, and so is the second of the same")
    func nested() {
        let accounts = SharedAccounts([
            account(3, bytes: 5), account(1, bytes: 100, links: [9: 4], met: [2, 3]),
            account(2, bytes: 20, links: [9: 4], met: [3]), account(1, bytes: 100, links: [9: 4], met: [2, 3]),
        ])
        #expect(accounts.sharedBytes() == [5, 100, 20, 100])
        #expect(accounts.sum().totals.allocatedBytes == 100)
    }
}

import Catalog
import FileTree
import StorageModel
import TestSupport
import Testing

/// Goal: a size is remembered of the very thing that was measured, and of nothing that has its name or number later.
@Suite("Measured sizes in the catalog") struct MeasuredSizeTests {
    private func size(_ bytes: UInt64) -> MeasuredSize {
        var totals = UsageTotals()
        (totals.allocatedBytes, totals.apparentBytes, totals.files, totals.directories) = (bytes, bytes + 1, 2, 3)
        totals.errors = 4
        return MeasuredSize(
            totals: totals, method: .quota, measuredAt: Timestamp(seconds: 1_700_000_000, nanoseconds: 5),
            isRemembered: true)
    }

    @Test("comes back as it went in, is replaced, follows a rename, and goes with the volume")
    func life() throws {
        let catalog = try CatalogFixture().open()
        let (name, renamed) = (try VolumeName("v"), try VolumeName("w"))
        try catalog.transaction { transaction throws(StorageError) in
            try transaction.insert(.sample("v"))
            try transaction.remember([.volume(name): size(7)])
            try transaction.remember([.volume(name): size(8), .volume(renamed): size(9)])
        }
        let sizes = { () throws(StorageError) -> [MeasuredObject: MeasuredSize] in
            try catalog.read { transaction throws(StorageError) in try transaction.measuredSizes() }
        }
        #expect(try sizes() == [.volume(name): size(8)])
        try catalog.transaction { transaction throws(StorageError) in _ = try transaction.rename(name, to: renamed) }
        #expect(try sizes() == [.volume(renamed): size(8)])
        try catalog.transaction { transaction throws(StorageError) in
            _ = try transaction.remove(renamed)
            // The row number is free again, and is used again.
            try transaction.insert(.sample("w"))
        }
        #expect(try sizes().isEmpty)
    }

    @Test("the largest sizes are clamped to what SQLite holds")
    func extremes() throws {
        let catalog = try CatalogFixture().open()
        let name = try VolumeName("v")
        try catalog.transaction { transaction throws(StorageError) in
            try transaction.insert(.sample("v"))
            try transaction.remember([.volume(name): size(.max - 1)])
        }
        let sizes = try catalog.read { transaction throws(StorageError) in try transaction.measuredSizes() }
        #expect(sizes[.volume(name)]?.totals.allocatedBytes == UInt64(Int64.max))
    }
}

internal import GRDB
internal import StorageModel

/// One consistent state of the catalog, and the changes to it. Valid only inside the closure that it was given to.
package struct Transaction {
    let database: Database
    /// The catalog's file, for messages.
    let path: String

    /// Lets a `StorageError` through and puts a failure of SQLite into words.
    func attempt<Result>(_ doing: String, _ body: () throws -> Result) throws(StorageError) -> Result {
        do {
            return try body()
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(catalogFailure: error, doing: "\(doing) in", path: path)
        }
    }
}

extension Timestamp {
    /// Covers 1677 to 2262; times beyond are moved to those ends.
    var nanosecondsSinceEpoch: Int64 {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carry) = product.addingReportingOverflow(Int64(nanoseconds))
        return carry ? .max : sum
    }

    init(nanosecondsSinceEpoch count: Int64) {
        let seconds = count.dividedFloor(by: 1_000_000_000)
        self.init(seconds: seconds, nanoseconds: UInt32(count - seconds * 1_000_000_000))
    }
}

extension Int64 {
    fileprivate func dividedFloor(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

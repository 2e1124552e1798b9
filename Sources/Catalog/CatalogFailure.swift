internal import FileTree
internal import GRDB
internal import StorageModel

extension StorageError {
    /// What SQLite reports, in the words of a store: what failed, on which file, and what to do.
    init(catalogFailure error: any Error, doing: String, path: String) {
        guard let failure = error as? DatabaseError else {
            self.init(.system, object: path, "cannot \(doing) '\(path.printable())': \(error)")
            return
        }
        if failure.resultCode == .SQLITE_CANTOPEN, let refusal = CatalogFile.refusal(at: path) {
            self.init(refusal, doing: "\(doing) '\(path.printable())'", object: path)
            return
        }
        // Some failures for want of space, such as sizing the -shm file, are told as plain I/O errors.
        let isFull = failure.resultCode == .SQLITE_IOERR && CatalogFile.isDiskFull(at: path)
        let kind = CatalogFailure(isFull ? .SQLITE_FULL : failure.resultCode)
        let reason = failure.message.map { "\($0) (\(failure.extendedResultCode.name))" }
        self.init(
            kind.code, object: path, "cannot \(doing) '\(path.printable())': \(kind.text)", errno: kind.errno,
            hint: kind.hint, causes: ["SQLite: \(reason ?? failure.extendedResultCode.name)"])
    }
}

/// A result code of SQLite with its meaning for the store.
private struct CatalogFailure {
    let code: StorageError.Code
    let text: String
    var errno: Errno?
    let hint: String?

    init(_ result: ResultCode) {
        switch result {
        case .SQLITE_FULL:
            self.init(
                .noSpace, "no space left on the file system", .noSpace,
                "free space on the file system of the store (df -h), or choose another store (--root)")
        case .SQLITE_READONLY:
            self.init(
                .permissionDenied, "the store is not writable", nil,
                "run as the store's owner, and check that its file system is not mounted read-only")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                .inUse, "another process has been changing it for \(Int(Catalog.busyTimeoutSeconds)) seconds", .busy,
                "try again; if it does not end, look for the process with: fuser -v CATALOG")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(
                .damaged, result == .SQLITE_NOTADB ? "the file is not a catalog" : "the file is damaged", nil,
                "the volumes' data is not affected; put back a copy of the file, or choose another store (--root)")
        case .SQLITE_CANTOPEN:
            self.init(
                .system, "it cannot be opened", nil,
                "check that the file system is writable, has space, and that the files beside it are yours")
        case .SQLITE_IOERR:
            self.init(
                .system, "reading or writing it failed", .inputOutput,
                "look at the kernel's log (dmesg) for failures of the disk; check its free space (df -h)")
        case .SQLITE_PERM, .SQLITE_AUTH:
            self.init(.permissionDenied, "permission denied", .accessDenied, "run as the store's owner")
        default:
            self.init(.system, "SQLite refused", nil, nil)
        }
    }

    private init(_ code: StorageError.Code, _ text: String, _ errno: Errno?, _ hint: String?) {
        self.code = code
        self.text = text
        self.errno = errno
        self.hint = hint
    }
}

extension ResultCode {
    /// The symbolic name where it is one that users meet, else the number.
    fileprivate var name: String {
        switch primaryResultCode {
        case .SQLITE_FULL: "SQLITE_FULL"
        case .SQLITE_READONLY: "SQLITE_READONLY"
        case .SQLITE_BUSY: "SQLITE_BUSY"
        case .SQLITE_LOCKED: "SQLITE_LOCKED"
        case .SQLITE_CORRUPT: "SQLITE_CORRUPT"
        case .SQLITE_NOTADB: "SQLITE_NOTADB"
        case .SQLITE_CANTOPEN: "SQLITE_CANTOPEN"
        case .SQLITE_IOERR: "SQLITE_IOERR \(rawValue >> 8)"
        default: "code \(rawValue)"
        }
    }
}

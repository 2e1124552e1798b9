internal import StorageModel

/// What the pax extended headers say in place of the header block that follows.
struct PaxOverrides {
    var path: [UInt8]?
    var linkPath: [UInt8]?
    var size: UInt64?
    var uid: UInt64?
    var gid: UInt64?
    var modifiedAt: Timestamp?
    var extendedAttributes: [String: [UInt8]] = [:]
    /// Access control lists whose text has no numbers, by the attribute that they would be.
    var unresolvedLists = Set<String>()
    var sparseMajor: UInt64?
    var sparseMinor: UInt64?
    var sparseName: [UInt8]?
    var sparseRealSize: UInt64?
    /// The map of formats 0.0 and 0.1, offsets and lengths in turn.
    var sparseNumbers: [UInt64] = []

    /// Takes the records of one header. A later record of the same keyword wins (POSIX); an empty value takes it back.
    mutating func merge(_ body: [UInt8], limits: ArchiveLimits) throws(TarFault) {
        try PaxRecords.forEach(in: body) { (keyword, value) throws(TarFault) in
            switch keyword {
            case "path": path = try text(value, keyword)
            case "linkpath": linkPath = try text(value, keyword)
            case "size": size = try number(value, keyword)
            case "uid": uid = try number(value, keyword)
            case "gid": gid = try number(value, keyword)
            case "mtime": modifiedAt = try time(value)
            case "GNU.sparse.major": sparseMajor = try number(value, keyword)
            case "GNU.sparse.minor": sparseMinor = try number(value, keyword)
            case "GNU.sparse.name": sparseName = try text(value, keyword)
            case "GNU.sparse.realsize", "GNU.sparse.size": sparseRealSize = try number(value, keyword)
            case "GNU.sparse.offset", "GNU.sparse.numbytes":
                try appendSparse(try number(value, keyword) ?? 0, limits)
            case "GNU.sparse.map":
                sparseNumbers = []
                for part in value.split(separator: UInt8(ascii: ",")) {
                    guard let part = PaxRecords.decimal(part) else { throw TarFault("GNU.sparse.map is not numbers") }
                    try appendSparse(part, limits)
                }
            default: try mergeAttribute(keyword, value)
            }
        }
    }

    private mutating func mergeAttribute(_ keyword: String, _ value: ArraySlice<UInt8>) throws(TarFault) {
        if let acl = AccessControlList.keywords.first(where: { $0.keyword == keyword }) {
            guard let bytes = AccessControlList.kernelForm(fromText: String(decoding: value, as: UTF8.self)) else {
                // Tools that know no better write names of users, which mean nothing on another machine. Some write the
                // kernel's form too.
                if extendedAttributes[acl.attribute] == nil { unresolvedLists.insert(acl.attribute) }
                return
            }
            extendedAttributes[acl.attribute] = bytes
        } else if keyword.hasPrefix("SCHILY.xattr.") {
            let name = String(keyword.dropFirst("SCHILY.xattr.".count))
            extendedAttributes[name] = Array(value)
            unresolvedLists.remove(name)
        } else if keyword.hasPrefix("LIBARCHIVE.xattr.") {
            let name = String(keyword.dropFirst("LIBARCHIVE.xattr.".count)).percentDecoded
            guard let name, let bytes = Base64.decode(value) else {
                throw TarFault("'\(keyword.printable(limit: 80))' is not base64")
            }
            // libarchive writes the same attribute in both forms; where the plain one is there, it is the same.
            if extendedAttributes[name] == nil { extendedAttributes[name] = bytes }
        }
    }

    private mutating func appendSparse(_ number: UInt64, _ limits: ArchiveLimits) throws(TarFault) {
        guard sparseNumbers.count < limits.sparseExtents * 2 else {
            throw TarFault("a sparse map has more than \(limits.sparseExtents) extents", exceedsLimit: true)
        }
        sparseNumbers.append(number)
    }

    private func text(_ value: ArraySlice<UInt8>, _ keyword: String) throws(TarFault) -> [UInt8]? {
        guard !value.contains(0) else { throw TarFault("pax record \(keyword) contains a NUL byte") }
        return value.isEmpty ? nil : Array(value)
    }

    private func number(_ value: ArraySlice<UInt8>, _ keyword: String) throws(TarFault) -> UInt64? {
        if value.isEmpty { return nil }
        guard let number = PaxRecords.decimal(value), number <= UInt64(Int64.max) else {
            throw TarFault("pax record \(keyword) is not a number in range")
        }
        return number
    }

    private func time(_ value: ArraySlice<UInt8>) throws(TarFault) -> Timestamp? {
        if value.isEmpty { return nil }
        guard let time = PaxRecords.time(value) else { throw TarFault("pax record mtime is not a time") }
        return time
    }
}

extension String {
    /// The inverse of percent encoding; `nil` at a `%` without two hexadecimal digits or text that is not UTF-8.
    package var percentDecoded: String? {
        var result: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            result.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: result, as: UTF8.self)
    }
}

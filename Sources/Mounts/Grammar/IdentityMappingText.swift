internal import StorageModel

extension SpecText {
    /// Podman's `idmap=uids=DISK-INSIDE-COUNT[#…][;gids=…]`: ids on disk, ids in the container, how many. Without `gids` the
    /// groups are mapped as the users are, and the other way round. `true` and `false` are taken too.
    func identityMapping(_ part: Substring, value: String) throws(StorageError) -> SourceAccess.Identity {
        switch value {
        case "true", "1": return .userNamespace
        case "false", "0": return .asStored
        default: break
        }
        var users: String?
        var groups: String?
        for list in value.split(separator: ";", omittingEmptySubsequences: false) {
            let (kind, ranges) = list.cut(at: "=")
            guard let ranges, kind == "uids" && users == nil || kind == "gids" && groups == nil else {
                throw mappingFault(part, list)
            }
            let mapping = try mapping(part, ranges)
            if kind == "uids" { users = mapping } else { groups = mapping }
        }
        guard let first = users ?? groups else { throw mappingFault(part, value[...]) }
        return .mapping(uids: users ?? first, gids: groups ?? first)
    }

    /// One list of ranges as `INSIDE:OUTSIDE:COUNT`, the outside being the disk.
    private func mapping(_ part: Substring, _ ranges: Substring) throws(StorageError) -> String {
        var texts: [String] = []
        for range in ranges.split(separator: "#", omittingEmptySubsequences: false) {
            // `@` says that the ids are the container's and not the host's; here they always are.
            let numbers = (range.hasPrefix("@") ? range.dropFirst() : range)
                .split(separator: "-", omittingEmptySubsequences: false)
            guard numbers.count == 3 else { throw mappingFault(part, range) }
            texts.append("\(numbers[1]):\(numbers[0]):\(numbers[2])")
        }
        do throws(StorageError) {
            return try IdentityMapping(texts.joined(separator: ",")).description
        } catch {
            throw mappingFault(part, ranges)
        }
    }

    private func mappingFault(_ part: Substring, _ piece: Substring) -> StorageError {
        fault(
            part, "\(piece.quoted) is not a mapping of ids",
            hint: "write uids=DISK-INSIDE-COUNT;gids=DISK-INSIDE-COUNT, as in uids=1000-0-1;gids=1000-0-1")
    }

    /// Docker's `bind-idmap`: `match-user`, `match-user:USER` or `userns`.
    func matchedIdentity(_ part: Substring, value: String) throws(StorageError) -> SourceAccess.Identity {
        let (source, user) = value[...].cut(at: ":")
        switch (source, user) {
        case ("match-user", nil): return .matchUser(nil)
        case ("match-user", let user?) where !user.isEmpty: return .matchUser(String(user))
        case ("match-user", _): throw fault(part, "the user behind 'match-user:' is empty")
        case ("userns", nil): return .userNamespace
        default:
            throw fault(
                part, "\(part.quoted) is not a way to map owners",
                hint: "write match-user, match-user:USER or userns")
        }
    }
}

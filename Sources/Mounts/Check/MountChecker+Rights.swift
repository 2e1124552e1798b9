internal import FileTree
internal import StorageModel

// What the user may do with the source: bits, lists, capabilities, ids.
extension MountChecker {
    /// What the mount is for, in the accesses that it takes, each with the code of its refusal.
    private struct Need {
        let wanted: AccessRights
        let code: MountFinding.Code
        let doing: String
    }

    private static func needs(_ kind: EntryKind, isReadOnly: Bool) -> [Need] {
        switch kind {
        case .directory:
            let reading = [
                Need(wanted: .read, code: .notReadable, doing: "list"),
                Need(wanted: .execute, code: .notSearchable, doing: "pass"),
            ]
            if isReadOnly { return reading }
            return reading + [Need(wanted: [.write, .execute], code: .notWritable, doing: "write to")]
        case .socket:
            // Whoever connects needs the right to write, and a read-only mount does not take it away.
            return [Need(wanted: .write, code: .notWritable, doing: "connect to")]
        default:
            let reading = [Need(wanted: .read, code: .notReadable, doing: "read")]
            if isReadOnly { return reading }
            return reading + [Need(wanted: [.read, .write], code: .notWritable, doing: "write to")]
        }
    }

    func rights(_ found: FoundSource, _ mount: MountSpec) -> [MountFinding] {
        guard let user else { return [] }
        let (source, place) = (found.mounted, found.place)
        var findings = identities(found, mount, user)
        if findings.contains(where: { $0.severity == .denied }) { return findings }
        guard let refusal = refusal(source.inode, isReadOnly: mount.isReadOnly, user) else { return findings }
        let remedy = Remedy.grant(refusal.needed, on: place, source.inode, to: user, source.view)
        var alternatives = remedy?.alternatives ?? []
        if let other = alternativeUser(source.inode, isReadOnly: mount.isReadOnly) { alternatives.append(other) }
        // What is stated once more as a warning would only distract.
        findings.removeAll { $0.code == .ownerNotMapped }
        findings.append(
            MountFinding(
                refusal.code, .denied, path: found.path, refusal.message(place.path.shown),
                hint: remedy?.command ?? alternatives.first,
                alternatives: remedy == nil ? Array(alternatives.dropFirst()) : alternatives))
        return findings
    }

    private struct Refusal {
        let code: MountFinding.Code
        let needed: AccessRights
        let message: (String) -> String
    }

    /// The first access that bits, list and capabilities refuse; `nil` if there is none.
    private func refusal(_ inode: InodeRights, isReadOnly: Bool, _ user: AccessSubject) -> Refusal? {
        let needs = Self.needs(inode.kind, isReadOnly: isReadOnly)
        let all = needs.reduce(AccessRights()) { $0.union($1.wanted) }
        for need in needs {
            let decision = PermissionRules.decide(need.wanted, of: inode, by: user)
            if decision.isGranted { continue }
            let isRoot = subject.uid == 0
            let isStranger =
                isRoot && user.capabilities.contains(.overrideAll) && !user.isPrivileged(over: inode)
            let addition =
                isStranger
                ? "; the user namespace has no id for its owner or group, so CAP_DAC_OVERRIDE does not count here"
                : isRoot ? "; without CAP_DAC_OVERRIDE root is bound by them" : ""
            let words = words
            return Refusal(code: isStranger ? .ownerNotMapped : need.code, needed: all) { path in
                "\(words.user) may not \(need.doing) \(path): \(words.ownership(inode)), and \(words.clause(decision)) "
                    + "where \(all.letters) is needed\(addition)"
            }
        }
        return nil
    }

    /// Owners and users that the mount or the namespace has no id for.
    private func identities(_ found: FoundSource, _ mount: MountSpec, _ user: AccessSubject) -> [MountFinding] {
        let (source, status) = (found.mounted, found.place.status)
        // A read-only mount does not keep anybody from connecting to a socket.
        if mount.isReadOnly && source.inode.kind != .socket { return [] }
        if source.inode.uid == nil || source.inode.gid == nil {
            let remedy = Remedy.grant(.all, on: found.place, source.inode, to: user, source.view)
            return [
                MountFinding(
                    .ownerNotMapped, .denied, path: found.path,
                    "nobody may write to \(found.place.path.shown): its owner \(status.uid):\(status.gid) has no id in the "
                        + "mapped mount",
                    hint: remedy?.command ?? "map \(status.uid):\(status.gid) too, or leave the mapping out")
            ]
        }
        if !source.hasPlace(for: user), source.inode.kind == .directory {
            return [
                MountFinding(
                    .userOutsideIdmap, .denied, path: found.path,
                    "\(words.user) may make nothing in \(found.place.path.shown): the mapped mount has no place for it, nor "
                        + "for what it would own",
                    hint: "map its uid and gid too, or use bind-idmap=match-user")
            ]
        }
        guard let mapping = subject.mapping, let uid = source.inode.uid, let gid = source.inode.gid,
            mapping.inside(of: uid) == nil || mapping.inside(of: gid) == nil
        else { return [] }
        let root = mapping.outside(of: 0) ?? user.uid
        return [
            MountFinding(
                .ownerNotMapped, .warning, path: found.path,
                "the container sees \(found.place.path.shown) as nobody's: it belongs to \(words.owner(source.inode)), and no "
                    + "one in it can change its owner or mode",
                hint: "chown \(root):\(mapping.outside(of: 0) ?? user.gid) \(ShellText.quoted(found.place.path))",
                alternatives: ["mount it with bind-idmap=match-user"])
        ]
    }

    /// `--user` of the source's owner, if that would do.
    private func alternativeUser(_ inode: InodeRights, isReadOnly: Bool) -> String? {
        guard let uid = inode.uid, let gid = inode.gid else { return nil }
        var other = subject
        (other.uid, other.gid) = (uid, gid)
        if let mapping = subject.mapping {
            guard let insideUID = mapping.inside(of: uid), let insideGID = mapping.inside(of: gid) else { return nil }
            (other.uid, other.gid) = (insideUID, insideGID)
        }
        guard other.uid != subject.uid, let user = AccessSubject(other),
            MountChecker(subject: other, policy: policy, surroundings: surroundings)
                .refusal(inode, isReadOnly: isReadOnly, user) == nil
        else { return nil }
        return "run it as the owner: --user \(other.uid):\(other.gid)"
    }

    // MARK: What does not exist yet

    /// A volume that gets this owner and mode when it is made or filled.
    func newVolume(_ mount: MountSpec, _ path: String, _ metadata: EntryMetadata) -> [MountFinding] {
        guard let user, case .volume(let volume) = mount.content, !volume.access.changesOwner else { return [] }
        let inode = InodeRights(kind: .directory, mode: metadata.mode, uid: metadata.uid, gid: metadata.gid)
        guard let refusal = refusal(inode, isReadOnly: mount.isReadOnly, user) else { return [] }
        let make = "holdfast volume create \(volume.name?.rawValue ?? "NAME") --uid \(user.uid) --gid \(user.gid)"
        return [
            MountFinding(
                refusal.code, .denied, path: path,
                refusal.message(volume.name.map { "volume '\($0)' as it will be" } ?? "the new volume"), hint: make,
                alternatives: ["give the directory \(mount.destination) of the image to the user"])
        ]
    }

    func unknownVolume(_ mount: MountSpec) -> MountFinding {
        MountFinding(
            .volumeMissing, .warning, path: mount.destination.rawValue,
            "\(mount.volumeName.map { "volume '\($0)' does not exist yet" } ?? "the volume is made with the container"): it gets "
                + "the owner and mode of the image's directory, else those of root, 0755",
            hint: "name the image with --image"
                + (mount.volumeName.map { ", or make it: holdfast volume create \($0) --uid N --gid N" } ?? ""))
    }

    /// A new tmpfs: its owner and mode are ids of the container.
    func tmpfs(_ memory: TmpfsMount, _ mount: MountSpec) -> [MountFinding] {
        var inside = subject
        inside.mapping = nil
        guard let user = AccessSubject(inside) else { return [] }
        let inode = InodeRights(
            kind: .directory, mode: memory.mode, uid: memory.uid ?? 0, gid: memory.gid ?? 0)
        let checker = MountChecker(subject: inside, policy: policy, surroundings: surroundings)
        guard let refusal = checker.refusal(inode, isReadOnly: mount.isReadOnly, user) else { return [] }
        return [
            MountFinding(
                refusal.code, .denied, path: mount.destination.rawValue, refusal.message("the tmpfs"),
                hint: "--tmpfs \(mount.destination):uid=\(subject.uid),gid=\(subject.gid)")
        ]
    }
}

extension SourceWalk.Place {
    /// As it is once everything in it is given to the user (Podman's `U`).
    func given(to user: AccessSubject?) -> SourceWalk.Place {
        guard let user else { return self }
        return SourceWalk.Place(
            path: path, status: status.owned(by: user.uid, user.gid), list: list, supportsLists: supportsLists)
    }
}

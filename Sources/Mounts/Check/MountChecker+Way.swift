internal import FileTree
internal import StorageModel

// The way to the source: who may pass, where links lead, and what is missing.
extension MountChecker {
    /// What is to be said of the way to a bind mount's source.
    func way(_ walk: SourceWalk, _ bind: BindMount) -> [MountFinding] {
        links(walk) + parents(walk) + dead(walk.end, bind: (bind, walk))
    }

    /// Directories that the user may not pass. Root, who makes the mount, passes them.
    private func parents(_ walk: SourceWalk) -> [MountFinding] {
        guard let user else { return [] }
        return walk.directories.compactMap { place in
            let inode = place.rights
            let decision = PermissionRules.decide(.execute, of: inode, by: user)
            if decision.isGranted { return nil }
            let remedy = Remedy.grant(.execute, on: place, inode, to: user, .asStored)
            let who =
                "\(words.user) may not pass \(place.path.shown): \(words.ownership(inode)), and \(words.clause(decision))"
            return MountFinding(
                .parentNotSearchable, subject.isRootless ? .denied : .warning, path: text(place.path),
                subject.isRootless
                    ? "\(who) where x is needed" : "\(who); the mount works all the same, as root makes it and passes",
                hint: remedy?.command)
        }
    }

    /// Links that whoever makes the mount may not follow: in a directory like /tmp, those of others (`may_follow_link`).
    private func links(_ walk: SourceWalk) -> [MountFinding] {
        let follower = subject.isRootless ? user?.uid : 0
        let suspicious = walk.links.filter { link in
            link.directory.mode & 0o1002 == 0o1002 && link.status.uid != follower
                && link.status.uid != link.directory.uid
        }
        guard !suspicious.isEmpty, surroundings.protectsSymlinks else { return [] }
        return suspicious.map { link in
            MountFinding(
                .symlinkNotFollowed, .denied, path: text(link.path),
                "the kernel does not follow the symbolic link \(link.path.shown) for others than its owner \(link.status.uid), "
                    + "as it lies in a directory that everybody may write to (sysctl fs.protected_symlinks)",
                hint: "name its target as the source: \(ShellText.quoted(link.target))")
        }
    }

    /// Why there is nothing at the end of the way.
    func dead(_ end: SourceWalk.End, bind: (mount: BindMount, walk: SourceWalk)?) -> [MountFinding] {
        switch end {
        case .found: return []
        case .missing(let path):
            guard let bind else { return [missingSubpath(path)] }
            return [missing(path, bind.mount, bind.walk)] + policyFindings(bind.walk, path)
        case .notDirectory(let path):
            return [
                MountFinding(
                    .parentNotDirectory, .denied, path: text(path),
                    "\(path.shown) is not a directory, and the source is said to lie below it",
                    hint: "correct the path of the source")
            ]
        case .loop(let path):
            return [
                MountFinding(
                    .symlinkLoop, .denied, path: text(path),
                    "the symbolic links at \(path.shown) lead in a circle, or through more than 40 links",
                    hint: "name the target itself as the source")
            ]
        case .escape(let path):
            return [
                MountFinding(
                    .symlinkEscapes, .denied, path: text(path), "\(path.shown) leads out of the volume",
                    hint: "make the link relative, to a target in the volume")
            ]
        case .failed(let path, let errno): return [cannotInspect(path, errno)]
        }
    }

    func cannotInspect(_ path: [UInt8], _ errno: Errno) -> MountFinding {
        MountFinding(
            .cannotInspect, .denied, path: text(path), "cannot look behind \(path.shown): \(errno) (\(errno.name))",
            hint: errno == .accessDenied
                ? "check as the user who makes the mount; a FUSE mount without allow_other keeps even root out"
                : "correct the path of the source")
    }

    private func missingSubpath(_ path: [UInt8]) -> MountFinding {
        MountFinding(
            .sourceMissing, .denied, path: text(path), "\(path.shown) does not exist in the volume",
            hint: makingCommand(path))
    }

    private func missing(_ path: [UInt8], _ bind: BindMount, _ walk: SourceWalk) -> MountFinding {
        // Whatever makes directories stops at a link that leads nowhere.
        if let link = walk.links.last, path.isWithin(target(of: link)) {
            return MountFinding(
                .danglingSymlink, .denied, path: text(link.path),
                "the symbolic link \(link.path.shown) leads to \(link.target.shown), which does not exist",
                hint: makingCommand(path))
        }
        let name = path.shown
        guard bind.createsSource else {
            return MountFinding(
                .sourceMissing, .denied, path: text(path),
                "the source \(name) does not exist, and --mount does not make it", hint: makingCommand(path))
        }
        if subject.isRootless, let user, let nearest = walk.directories.last {
            let decision = PermissionRules.decide([.write, .execute], of: nearest.rights, by: user)
            if !decision.isGranted {
                return MountFinding(
                    .sourceMissing, .denied, path: text(path),
                    "the source \(name) does not exist, and \(words.user) may not make it: of \(nearest.path.shown), "
                        + words.clause(decision),
                    hint: makingCommand(path))
            }
            return MountFinding(
                .sourceMissing, .warning, path: text(path),
                "the source \(name) does not exist: -v would make it as an empty directory", hint: makingCommand(path))
        }
        let consequence =
            subject.uid == 0 && subject.mapping == nil
            ? ""
            : ", which \(words.user) could \(bind.access.changesOwner ? "use, as it is given to it" : "read but not write to")"
        return MountFinding(
            .sourceMissing, .warning, path: text(path),
            "the source \(name) does not exist: -v would make it as an empty directory of root with mode 0755\(consequence)",
            hint: makingCommand(path))
    }

    /// Where a link's target is, as far as its text says.
    private func target(of link: SourceWalk.Link) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        let base = link.target.first == slash ? [] : Array(link.path.prefix(upTo: link.path.lastIndex(of: slash) ?? 0))
        var parts: [ArraySlice<UInt8>] = []
        for part in (base + [slash] + link.target).split(separator: slash) where !part.elementsEqual(".".utf8) {
            if part.elementsEqual("..".utf8) { _ = parts.popLast() } else { parts.append(part) }
        }
        return [slash] + parts.joined(separator: [slash])
    }

    /// Makes a directory that belongs to the container's user.
    private func makingCommand(_ path: [UInt8]) -> String {
        guard let user else { return "mkdir -p \(ShellText.quoted(path))" }
        return "install -d -o \(user.uid) -g \(user.gid) \(ShellText.quoted(path))"
    }

    func text(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }
}

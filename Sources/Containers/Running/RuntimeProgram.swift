internal import FileTree
internal import Glibc
package import StorageModel

/// An OCI runtime that is installed on this host: `crun`, `runc`, or one that the user names.
package struct RuntimeProgram: Hashable, Sendable {
    /// Absolute.
    package let path: String

    /// How the host's control groups are arranged, which decides between runtimes.
    enum ControlGroups: Equatable {
        /// Version 2 alone.
        case unified
        /// Version 1 alone.
        case legacy
        /// Version 1 with a version 2 beside it: crun refuses that.
        case hybrid

        init(_ mounts: [MountRecord]) {
            let place = Array("/sys/fs/cgroup".utf8)
            let below = mounts.filter { AbsolutePath.remainder(of: $0.mountpoint, beneath: place) != nil }
            // The last one mounted on a place is the one that is seen.
            if below.last(where: { $0.mountpoint == place })?.type == "cgroup2" {
                self = .unified
            } else {
                self = below.contains { $0.type == "cgroup2" } ? .hybrid : .legacy
            }
        }
    }

    /// Finds the runtime to use. Nothing is run to find out.
    ///
    /// - Parameters:
    ///   - chosen: what the user named: a path, or a name to be looked up in `PATH`.
    ///   - searchPath: the directories to look in, separated by `:`.
    /// - Throws: ``StorageError/Code/notFound``, saying what to install.
    package static func find(_ chosen: String?, searchPath: String) throws(StorageError) -> RuntimeProgram {
        if let chosen {
            if let found = locate(chosen, searchPath) { return found }
            throw StorageError(
                .notFound, object: chosen, "there is no runtime '\(chosen.printable(limit: 200))'",
                hint: "name a program that is in PATH, or its path")
        }
        var groups = ControlGroups.unified
        do throws(FileError) {
            groups = ControlGroups(try MountTable.ofThisProcess())
        } catch {
            throw StorageError(error, doing: "look at the control groups of this host", object: "")
        }
        let candidates = candidates(groups)
        for name in candidates { if let found = locate(name, searchPath) { return found } }
        if groups == .hybrid, locate("crun", searchPath) != nil {
            throw StorageError(
                .notFound, object: "runc",
                "crun cannot run containers on this host, which mixes both versions of control groups",
                hint: "install runc, or boot with systemd.unified_cgroup_hierarchy=1")
        }
        throw StorageError(
            .notFound, object: "runc", "there is no OCI runtime on this host", hint: "install crun or runc")
    }

    /// The better one first: crun starts faster.
    static func candidates(_ groups: ControlGroups) -> [String] {
        switch groups {
        case .unified: ["crun", "runc"]
        case .legacy: ["runc", "crun"]
        case .hybrid: ["runc"]
        }
    }

    static func locate(_ name: String, _ searchPath: String) -> RuntimeProgram? {
        if name.contains("/") { return isExecutable(name) ? RuntimeProgram(path: name) : nil }
        for directory in searchPath.split(separator: ":") where directory.hasPrefix("/") {
            let path = "\(directory)/\(name)"
            if isExecutable(path) { return RuntimeProgram(path: path) }
        }
        return nil
    }

    private static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}

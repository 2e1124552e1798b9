internal import CLinux
internal import Glibc
internal import StorageModel
internal import Synchronization

extension OverlayMount {
    /// The options are one page, with their NUL.
    private static let optionsLimitBytes = 4096

    /// Mounts with `mount(2)` in a directory made for it, takes a copy of the mount, and removes both.
    func mountByCall(_ scratch: borrowing Descriptor) throws(OverlayFailure) -> DetachedMount {
        do throws(FileError) {
            let name = Array("mounting.".utf8) + RandomName.make()
            try scratch.makeDirectory(name)
            do throws(FileError) {
                try mountAtPath(name, in: scratch)
                let result = try copy(name, in: scratch)
                try Unmounting.detachEverywhere(name, in: scratch)
                try scratch.removeDirectory(name)
                return result
            } catch {
                // The first failure is the one to tell.
                _ = try? Unmounting.detach(name, in: scratch)
                try? scratch.removeDirectory(name)
                throw error
            }
        } catch {
            throw OverlayFailure(error)
        }
    }

    private func copy(_ name: [UInt8], in scratch: borrowing Descriptor) throws(FileError) -> DetachedMount {
        let number = scratch.rawValue
        let result = withName(name) { text in changing("open_tree") { Int(holdfast_clone_tree_at(number, text)) } }
        let mount = DetachedMount(adopting: Descriptor(try check(result, "open_tree", name)))
        try mount.restrict(restrictions)
        return mount
    }

    /// 500 paths do not fit in a page, 500 numbers do: a thread with a working directory of its own makes the call from
    /// `/proc/self/fd`, in which the descriptors' numbers are names.
    private func mountAtPath(_ name: [UInt8], in scratch: borrowing Descriptor) throws(FileError) {
        let options = Array(optionText.utf8)
        guard options.count < Self.optionsLimitBytes else { throw failure(-Int(E2BIG), "mount", "overlay") }
        let target = Array("/proc/self/fd/\(scratch.rawValue)/".utf8) + name
        let flags = UInt(restrictions.rawValue)
        let outcome = Mutex<FileError?>(nil)
        let pool = WorkerPool(threads: 1)
        pool.submit {
            do throws(FileError) {
                try check(attempt { Int(holdfast_unshare_working_directory()) }, "unshare(CLONE_FS)")
                try check(attempt { Int(chdir("/proc/self/fd")) }, "chdir", "/proc/self/fd".utf8)
                let result = withCText(target) { target in
                    withCText(options) { options in
                        // MS_RDONLY and the others have the same bits as MOUNT_ATTR_RDONLY and the others.
                        changing("mount") { Int(holdfast_mount("overlay", target, "overlay", flags, options)) }
                    }
                }
                try check(result, "mount", "overlay".utf8)
            } catch {
                outcome.withLock { $0 = error }
            }
        }
        pool.finish()
        if let error = outcome.withLock({ $0 }) { throw error }
    }

    private var optionText: String {
        var options = ["lowerdir=" + lowers.map { String($0.descriptor.rawValue) }.joined(separator: ":")]
        if let changes {
            options += ["upperdir=\(changes.upper.descriptor.rawValue)", "workdir=\(changes.work.descriptor.rawValue)"]
        }
        options += Self.options.map { "\($0.key)=\($0.value)" }
        if usesUserAttributes { options.append("userxattr") }
        return options.joined(separator: ",")
    }
}

internal import Holdfast
internal import StorageModel

/// Takes the commands that a container runtime calls for every container from the arguments by itself: their types in
/// the parser cost more at run time than the mount.
enum PlainDispatch {
    typealias Command = (Console) throws -> Void

    /// The command, or nil if there is anything but names of containers and one `--root`. That is left to the parser,
    /// which knows mistakes and help.
    static func parse(_ arguments: [String]) -> Command? {
        if arguments.starts(with: ["mount", "check"]) { return MountCheckArguments(plain: arguments[2...])?.run }
        guard arguments.count > 2, arguments[0] == "container", let work = work(of: arguments[1]) else { return nil }
        var containers: [String] = []
        var root: String?
        var rest = arguments[2...]
        while let argument = rest.popFirst() {
            if argument == "--root", root == nil, let value = rest.popFirst(), !value.hasPrefix("-") {
                root = value
            } else if !argument.hasPrefix("-") {
                containers.append(argument)
            } else {
                return nil
            }
        }
        guard !containers.isEmpty else { return nil }
        return { console in
            let store = try Store.open(at: root, sweeps: false)
            // Open until the process ends, which closes it at once: closing a catalog that was only read takes longer.
            _ = Unmanaged.passRetained(store)
            try work(containers, store, console)
        }
    }

    private static func work(of name: String) -> (([String], Store, Console) throws -> Void)? {
        switch name {
        case "mount": ContainerMount.mount
        case "unmount", "umount": ContainerUnmount.unmount
        default: nil
        }
    }
}

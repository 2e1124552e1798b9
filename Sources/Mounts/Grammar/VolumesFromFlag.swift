internal import StorageModel

/// `--volumes-from CONTAINER[:MODE]`: read-only or not. Of the other words of `-v` only those are taken that are of no
/// consequence here, as Docker does.
enum VolumesFromFlag {
    static func parse(_ text: String) throws(StorageError) -> InheritedMounts {
        let spec = SpecText(flag: "--volumes-from", text: text)
        let (container, mode) = spec.whole.cut(at: ":")
        guard !container.isEmpty else {
            throw spec.fault(container, "the name of the container is empty", hint: "write CONTAINER[:ro]")
        }
        do throws(StorageError) {
            _ = try ContainerName(String(container))
        } catch {
            throw spec.fault(container, error.message, hint: error.hint)
        }
        guard let mode else { return InheritedMounts(container: String(container)) }
        guard !mode.isEmpty else {
            throw spec.fault(mode, "the mode is empty", hint: "leave out the colon, or write ro")
        }
        let options = try FlagOptions(mode, of: spec, currentDirectory: "/")
        let taken: Set<FlagOptions.WordClass> = [.access, .label, .consistency]
        let others = options.parts.filter { !taken.contains($0.key) }.values
        if let other = others.min(by: { $0.startIndex < $1.startIndex }) {
            throw spec.fault(
                other, "\(other.quoted) cannot be said of another container's mounts", hint: "write ro or rw")
        }
        return InheritedMounts(container: String(container), isReadOnly: options.isReadOnly)
    }
}

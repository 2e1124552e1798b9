internal import StorageModel

/// `-v [SOURCE:]DESTINATION[:OPTION,…]` (Docker's `linux_parser.go`, Podman's `GenVolumeMounts`).
///
/// A source with `/` or `.` at the front is a path of the host and is made if it is missing; any other is a volume. Without a
/// source it is an anonymous volume.
enum VolumeFlag {
    static func parse(
        _ text: String, currentDirectory: String, flag: String = "-v"
    ) throws(StorageError) -> MountSpec {
        let spec = SpecText(flag: flag, text: text)
        let sections = spec.sections()
        try checkShape(spec, sections)
        if sections.count == 1 {
            let content = MountSpec.Content.volume(VolumeMount(name: nil))
            return MountSpec(destination: try spec.destination(sections[0]), content: content)
        }
        let destination = try spec.destination(sections[1])
        let options =
            sections.count == 3
            ? try FlagOptions(sections[2], of: spec, currentDirectory: currentDirectory) : FlagOptions()
        let source = sections[0]
        let isPath = source.hasPrefix("/") || source.hasPrefix(".")
        let content =
            isPath
            ? try bind(spec, source, options, currentDirectory) : try volume(spec, source, options)
        return MountSpec(
            destination: destination, content: content, isReadOnly: options.isReadOnly,
            restrictions: options.restrictions)
    }

    /// One to three sections, none of them empty, and the second a path.
    private static func checkShape(_ spec: SpecText, _ sections: [Substring]) throws(StorageError) {
        let form = "write [SOURCE:]DESTINATION[:OPTIONS]"
        guard !spec.text.isEmpty else { throw spec.fault(spec.whole, "the mount is empty", hint: form) }
        guard sections.count <= 3 else {
            throw spec.fault(
                spec.text[sections[3].startIndex...], "there are more than three parts",
                hint: "\(form); a path that contains a colon is given with --mount")
        }
        let names = sections.count == 1 ? ["destination"] : ["source", "destination", "list of options"]
        for (section, name) in zip(sections, names) where section.isEmpty {
            throw spec.fault(section, "the \(name) is empty", hint: form)
        }
        if sections.count == 2, FlagOptions.areOptions(sections[1]) {
            let source = String(sections[0]).printable(limit: 60)
            throw spec.fault(
                sections[1], "\(sections[1].quoted) is an option, where a path in the container is expected",
                hint: source.hasPrefix("/")
                    ? "write \(source):\(source):\(sections[1]), or for a volume without a name "
                        + "--mount type=volume,destination=\(source),…"
                    : "write \(source):/path/in/container:\(sections[1])")
        }
    }

    private static func bind(
        _ spec: SpecText, _ source: Substring, _ options: FlagOptions, _ directory: String
    ) throws(StorageError) -> MountSpec.Content {
        for (wordClass, of) in [(FlagOptions.WordClass.copying, "a volume"), (.subpath, "a volume")] {
            guard let part = options.parts[wordClass] else { continue }
            throw spec.fault(
                part, "\(part.quoted) is an option of \(of), and \(source.quoted) is a path of the host",
                hint: wordClass == .copying
                    ? "nothing is ever copied into a directory of the host; leave it out"
                    : "add it to the source's path")
        }
        return .bind(
            BindMount(
                source: try spec.hostPath(source, value: String(source), currentDirectory: directory),
                createsSource: options.createsSource, propagation: options.propagation ?? .rprivate,
                recursion: options.recursion ?? .enabled, access: options.access))
    }

    private static func volume(
        _ spec: SpecText, _ source: Substring, _ options: FlagOptions
    ) throws(StorageError) -> MountSpec.Content {
        for wordClass in [FlagOptions.WordClass.propagation, .recursion] {
            guard let part = options.parts[wordClass] else { continue }
            throw spec.fault(
                part, "\(part.quoted) is an option of a bind mount, and \(source.quoted) is a volume",
                hint: "leave it out, or write ./\(String(source).printable(limit: 60)) for a directory here")
        }
        return .volume(
            VolumeMount(
                name: try spec.volumeName(source, value: String(source)), subpath: options.subpath ?? .root,
                isPopulated: options.isPopulated ?? true, createsVolume: options.createsSource, access: options.access))
    }
}

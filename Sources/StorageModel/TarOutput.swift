/// Where a tar goes: saved images, or an exported container.
public enum TarOutput: Hashable, Sendable, CustomStringConvertible {
    case standardOutput
    /// A file of the host.
    case path(String)

    /// `-` stands for standard output, as everywhere on the command line.
    public init(_ text: String) { self = text == "-" ? .standardOutput : .path(text) }

    /// For messages, without quotes.
    public var description: String {
        switch self {
        case .standardOutput: "standard output"
        case .path(let path): path.printable()
        }
    }
}

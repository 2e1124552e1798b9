/// Where images to load come from.
public enum ImageInput: Hashable, Sendable, CustomStringConvertible {
    case standardInput
    /// A path of the host: an archive, or a directory that holds one unpacked.
    case path(String)

    /// `-` stands for standard input, as everywhere on the command line.
    public init(_ text: String) { self = text == "-" ? .standardInput : .path(text) }

    /// For messages, without quotes.
    public var description: String {
        switch self {
        case .standardInput: "standard input"
        case .path(let path): path.printable()
        }
    }
}

/// An operating system and a processor architecture, in Go's words as OCI has them: `linux/amd64`, `linux/arm/v7`.
public struct Platform: Hashable, Sendable, CustomStringConvertible {
    public let os: String
    public let architecture: String
    public let variant: String?

    public init(os: String, architecture: String, variant: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }

    /// Parses `OS/ARCH[/VARIANT]`.
    public init(_ text: String) throws(StorageError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), !parts.contains(where: \.isEmpty) else {
            throw StorageError(
                .invalidInput, object: text, "'\(text.printable(limit: 80))' is not a platform",
                hint: "write OS/ARCH or OS/ARCH/VARIANT, as in linux/amd64 or linux/arm/v7")
        }
        self.init(os: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : nil)
    }

    /// The machine that this program was built for.
    public static var current: Platform {
        #if arch(x86_64)
        Platform(os: "linux", architecture: "amd64")
        #elseif arch(arm64)
        Platform(os: "linux", architecture: "arm64")
        #elseif arch(arm)
        Platform(os: "linux", architecture: "arm", variant: "v7")
        #elseif arch(powerpc64le)
        Platform(os: "linux", architecture: "ppc64le")
        #elseif arch(s390x)
        Platform(os: "linux", architecture: "s390x")
        #else
        Platform(os: "linux", architecture: "unknown")
        #endif
    }

    /// Whether an image of `other` can be used where this one is asked for: a variant that one of the two leaves open, and
    /// arm64's only one, `v8`, is no difference.
    public func accepts(_ other: Platform) -> Bool {
        guard os == other.os, architecture == other.architecture else { return false }
        let implied = architecture == "arm64" ? "v8" : nil
        let (mine, theirs) = (variant ?? implied, other.variant ?? implied)
        return mine == nil || theirs == nil || mine == theirs
    }

    public var description: String { "\(os)/\(architecture)" + (variant.map { "/\($0)" } ?? "") }
}

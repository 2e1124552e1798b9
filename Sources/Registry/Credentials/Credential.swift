internal import StorageModel

/// What proves to a registry who asks. Its description never shows a secret.
enum Credential: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    case password(user: String, secret: String)
    /// A refresh token, to be exchanged for access tokens (distribution specification, "Token Authentication").
    case identityToken(String)

    var description: String {
        switch self {
        case .password(let user, _): "password of '\(user.printable(limit: 80))'"
        case .identityToken: "identity token"
        }
    }

    var debugDescription: String { description }
}

internal import FileTree
internal import Glibc
internal import StorageModel

/// A program `docker-credential-NAME` that keeps credentials (docker-credential-helpers): the server's name on standard
/// input, a JSON document with `Username` and `Secret` on standard output.
struct CredentialHelper {
    private let program: String
    private let path: String

    private static let outputLimitBytes = 64 << 10
    /// What every helper prints, on standard output, for a server that it does not know.
    private static let unknownServer = "credentials not found in native keychain"

    /// - Throws: ``StorageError/Code/invalidInput`` for a name that could be a path; ``StorageError/Code/notFound`` if
    ///   the program is in none of the directories.
    init(_ name: String, in directories: [String]) throws(StorageError) {
        guard !name.contains("/"), !name.contains("\0") else {
            throw StorageError(
                .invalidInput, object: name, "'\(name.printable(limit: 80))' is not the name of a credential helper")
        }
        let program = "docker-credential-\(name)"
        let paths = directories.map { "\($0)/\(program)" }
        guard let path = paths.first(where: { (path: String) in access(path, X_OK) == 0 }) else {
            throw StorageError(
                .notFound, object: program, "the credential helper '\(program.printable(limit: 80))' is not installed",
                hint: "install it, or remove it from docker's config.json and log in anew")
        }
        self.program = program
        self.path = path
    }

    /// - Returns: `nil` if the helper knows no credential for the server.
    func get(
        _ server: String, limitMilliseconds: Int64, until interruption: Interruption
    ) throws(StorageError) -> Credential? {
        let result: ProgramResult
        do throws(FileError) {
            result = try ProgramRun(path, ["get"], input: Array(server.utf8)).run(
                outputLimitBytes: Self.outputLimitBytes, limitMilliseconds: limitMilliseconds, until: interruption)
        } catch {
            throw StorageError(
                error, doing: "run '\(path.printable())'", object: program)
        }
        switch result {
        case .interrupted: throw .interrupted
        case .timedOut:
            throw StorageError(
                .system, object: program, "'\(program.printable())' did not answer within \(limitMilliseconds) ms")
        case .tooMuchOutput: throw failed("it prints too much")
        case .ended(let status, let output, _) where status != 0:
            if String(decoding: output, as: UTF8.self).contains(Self.unknownServer) { return nil }
            // Not its output: that might hold a secret.
            throw failed("it ended with status \(status)")
        case .ended(_, let output, _):
            guard let json = try? JSONValue(parsing: output, of: program),  // the parser's error could quote the secret
                let user = json["Username"]?.text, let secret = json["Secret"]?.text
            else { throw failed("its answer has no Username and Secret") }
            return user == "<token>" ? .identityToken(secret) : .password(user: user, secret: secret)
        }
    }

    private func failed(_ reason: String) -> StorageError {
        StorageError(
            .system, object: program, "'\(program.printable())' gives no credential: \(reason)",
            hint: "try it by hand: echo SERVER | \(program.printable()) get")
    }
}

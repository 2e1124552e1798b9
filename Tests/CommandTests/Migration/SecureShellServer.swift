import Foundation
import TestSupport

/// A real `sshd` on loopback with keys and a configuration of its own, ended with the value.
final class SecureShellServer {
    private let directory: TemporaryDirectory
    private let process: ChildProcess
    private let port: Int

    /// The programs that it needs.
    static let isPossible = Tool.exists("ssh") && Tool.exists("ssh-keygen") && Tool.exists("/usr/sbin/sshd")

    /// Starts the server and waits until it answers.
    init() throws {
        directory = try TemporaryDirectory("sshd")
        for name in ["host", "user"] {
            try Tool.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory(name)).check()
        }
        try Tool.run("cp", directory("user.pub"), directory("authorized")).check()
        // sshd insists on this folder; a package makes it at boot.
        if Environment.isRoot { try Tool.run("mkdir", "-p", "/run/sshd").check() }
        (process, port) = try Self.start(directory)
    }

    deinit {
        process.send(SIGTERM)
        // The server is gone either way: wait kills it after the limit.
        _ = try? process.wait(limitSeconds: 10)
    }

    /// The words that run a command on the far host, for a shell.
    var command: String {
        """
        ssh -q -F none -p \(port) -i \(directory("user")) -o BatchMode=yes -o IdentitiesOnly=yes \
        -o StrictHostKeyChecking=no -o UserKnownHostsFile=\(directory("known")) 127.0.0.1
        """
    }

    private static func start(_ directory: TemporaryDirectory) throws -> (ChildProcess, Int) {
        for _ in 0..<20 {
            let port = Int.random(in: 20_000..<60_000)
            let settings = [
                "Port \(port)", "ListenAddress 127.0.0.1", "HostKey \(directory("host"))", "PidFile none",
                "AuthorizedKeysFile \(directory("authorized"))", "StrictModes no", "UsePAM no", "PermitRootLogin yes",
                "PasswordAuthentication no", "KbdInteractiveAuthentication no",
            ]
            try TreeBuilder(directory.path).file("config", settings.joined(separator: "\n") + "\n")
            let process = try ChildProcess(
                ["/usr/sbin/sshd", "-D", "-e", "-f", directory("config")].map { Array($0.utf8) })
            for _ in 0..<200 {
                if process.errorTextSoFar.contains("Server listening") { return (process, port) }
                if process.errorTextSoFar.contains("Cannot bind") { break }
                usleep(25_000)
            }
            process.send(SIGTERM)
            let result = try process.wait(limitSeconds: 10)
            guard result.errorText.contains("Cannot bind") else {
                throw UnexpectedStatus(description: "sshd: \(result)")
            }
        }
        throw UnexpectedStatus(description: "sshd found no free port")
    }
}

internal import Glibc

/// A directory of its own for one test, removed with everything in it when the value is released.
///
/// `HOLDFAST_KEEP=1` in the environment keeps it, to look at after a failure. It lies in `HOLDFAST_TEST_DIR`, else in
/// `TMPDIR`, else in `/tmp`.
package final class TemporaryDirectory: Sendable {
    /// Absolute, without symbolic links.
    package let path: String

    /// - Parameter place: an existing directory to make it in.
    package init(_ label: String = "test", in place: String? = nil) throws {
        let base = place ?? Environment["HOLDFAST_TEST_DIR"] ?? Environment["TMPDIR"] ?? "/tmp"
        var template = Array("\(base)/holdfast-\(label).XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemFailure("mkdtemp", base) }
        guard let resolved = realpath(template, nil) else { throw SystemFailure("realpath", base) }
        defer { free(resolved) }
        path = String(cString: resolved)
    }

    deinit {
        if Environment["HOLDFAST_KEEP"] == nil { TemporaryDirectory.remove(path) }
    }

    /// The absolute path of something below.
    package func callAsFunction(_ relative: String) -> String { "\(path)/\(relative)" }

    /// Makes a directory (and those above it) below, and returns its absolute path.
    @discardableResult package func makeDirectory(_ relative: String) throws -> String {
        try Tool.run("mkdir", "-p", self(relative)).check()
        return self(relative)
    }

    /// Removes a tree with `rm -rf`, which knows nothing of the code under test. Attributes that forbid it are not expected.
    /// What a killed process left mounted in it is unmounted before.
    package static func remove(_ path: String) {
        // A tree that cannot be removed is only left over: no test depends on it.
        for mountpoint in mountpoints(below: path).reversed() {
            _ = try? Tool.run("umount", "--lazy", mountpoint)
        }
        _ = try? Tool.run("rm", "-rf", "--one-file-system", path)
    }

    /// In the order in which they were mounted. Names with characters that the kernel escapes there are left out.
    private static func mountpoints(below path: String) -> [String] {
        guard let file = fopen("/proc/self/mountinfo", "r") else { return [] }
        defer { fclose(file) }
        var result: [String] = []
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0, let text = line {
            let fields = String(cString: text).split(separator: " ", maxSplits: 5)
            if fields.count > 4, fields[4].hasPrefix(path + "/"), !fields[4].contains("\\") {
                result.append(String(fields[4]))
            }
        }
        return result
    }
}

/// The environment of the test process.
package enum Environment {
    /// Whether the tests run as root.
    package static var isRoot: Bool { geteuid() == 0 }

    package static subscript(name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

/// A system call of the test's own code that failed.
package struct SystemFailure: Error, CustomStringConvertible {
    package let description: String

    /// Reads `errno` at once: make it on the line after the call.
    package init(_ call: String, _ object: String) {
        let number = errno
        description = "\(call) '\(object)': \(String(cString: strerror(number)))"
    }
}

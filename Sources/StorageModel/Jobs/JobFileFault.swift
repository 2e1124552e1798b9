/// A mistake in a job file: where it is, what is wrong and what is expected there. Never shows what may be a secret.
public struct JobFileFault: Hashable, Sendable, CustomStringConvertible {
    /// As the user named it.
    public let file: String
    /// From 1.
    public let line: Int
    /// From 1, in Unicode scalars.
    public let column: Int
    public let reason: String

    public init(file: String, line: Int, column: Int, reason: String) {
        (self.file, self.line, self.column, self.reason) = (file, line, column, reason)
    }

    /// `jobs.yaml:12:5: what is wrong; what is expected`
    public var description: String { "\(file.printable()):\(line):\(column): \(reason)" }
}

/// What a job file says, as far as it is understood, and every mistake in it.
public struct JobFileContent: Sendable {
    /// As the user named it.
    public let file: String
    /// In the order of the file. With a mistake anywhere, none of them should run.
    public let jobs: [Job]
    /// In the order of the file.
    public let faults: [JobFileFault]

    public init(file: String, jobs: [Job], faults: [JobFileFault]) {
        self.file = file
        self.jobs = jobs
        self.faults = faults
    }
}

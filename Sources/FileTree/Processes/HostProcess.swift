internal import Glibc

/// This process.
package enum HostProcess {
    /// `getpid(2)`.
    package static var identifier: Int32 { getpid() }
}

/// Calls that `strace` makes fail, or kill the caller: those too that do not pass the seam of the fault sweeps.
package enum Injection {
    package static let isPossible =
        (try? Tool.run("strace", "-qq", "-e", "inject=getuid:error=EPERM", "-o", "/dev/null", "true").status) == 0
}

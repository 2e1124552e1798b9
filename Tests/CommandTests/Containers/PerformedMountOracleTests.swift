import TestSupport
import Testing

/// Goal: a process finds the mounts that `docker run` with the same flags would give it. Method: the same image, the same flags
/// and the same questions, in a container of a real Docker engine and in one of ours.
@Suite(
    "Mounting as docker run does",
    .enabled(if: DockerEngine.isPossible && BusyboxStore.isPossible, "needs dockerd, runc, busybox and root"))
struct PerformedMountOracleTests {
    /// Where, of what kind and with which options: what a mount table says of a mount, but for ids and devices.
    private let question = """
        while read id parent device root place options rest; do
            case $place in /proc/*|/sys/*|/dev/pts|/dev/console|/etc/resolv.conf|/etc/host*) continue;; esac
            type=${rest#*- }; type=${type%% *}
            # The engine's own directory is a mount that others spread to.
            tag=; case $place:$rest in /x*:shared:*) tag=shared;; /x*:master:*) tag=master;; esac
            echo $place ${options%,relatime} $type $tag
        done < /proc/self/mountinfo | sort
        """

    /// `HOST` is a directory of the host, on a shared mount; in `dir` is a file, and a tmpfs is mounted below. Since version 25
    /// Docker makes what is mounted below read-only too, as we do; that has tests of its own.
    static let cases: [(flags: [String], script: String)] = [
        (["-v", "HOST/dir:/x"], "ls /x /x/below"), (["-v", "HOST/plain:/x:ro"], "touch /x/new; ls /x"),
        (["-v", "HOST/dir/file:/etc/motd:ro"], "cat /etc/motd; touch /etc/motd"),
        (["-v", "HOST/dir/file:/new/file"], "cat /new/file; stat -c '%a %u:%g' /new"),
        (["-v", "HOST/dir:/x:rslave"], ":"), (["-v", "HOST/dir:/x:rshared"], ":"), (["-v", "HOST/dir:/x:shared"], ":"),
        (["-v", "HOST/dir:/x:slave"], ":"), (["-v", "HOST/dir:/x:private"], ":"),
        (["-v", "HOST/missing/below:/x"], "stat -c '%a %u:%g %F' /x"),
        (["--mount", "type=bind,src=HOST/plain,dst=/x,readonly"], "touch /x/new"),
        (["--mount", "type=bind,src=HOST/dir,dst=/x,bind-nonrecursive=true"], "ls /x/below"),
        (["-v", "named:/data"], "echo 1 > /data/x; ls /data"), (["-v", "named:/data:ro"], "touch /data/x"),
        (["-v", "/anonymous"], "stat -c '%a %u:%g' /anonymous"),
        (["--tmpfs", "/t"], "stat -c '%a %u:%g' /t"),
        (["--tmpfs", "/t:size=64k,mode=700"], "stat -c '%a' /t; df -k /t"),
        (["--tmpfs", "/t:exec,ro"], "touch /t/x"), (["--tmpfs", "/t:uid=5,gid=6"], "stat -c '%u:%g' /t"),
        (["--mount", "type=tmpfs,dst=/t,tmpfs-size=65536,tmpfs-mode=0750"], "stat -c '%a' /t"),
        (["--tmpfs", "/dev/shm:size=1m"], "df -k /dev/shm"), (["-v", "HOST/dir:/dev/shm"], "ls /dev/shm"),
        (["-v", "HOST/dir:/dev/mine"], "ls /dev/mine"), (["-v", "HOST/dir:/dev/mqueue"], "ls /dev/mqueue"),
        (["-v", "HOST/dir:/a/b", "-v", "named:/a", "--tmpfs", "/a/b/below"], "ls /a/b; touch /a/x"),
        (["-v", "HOST/dir:/link/x"], "ls -d /var/made/deep/x"), (["-v", "HOST/dir:/up"], "ls -ld /up; ls /escape"),
        (["--read-only", "-v", "named:/data", "--tmpfs", "/t"], "touch /data/x; touch /t/x; touch /x"),
        (["-u", "app", "-v", "HOST/dir:/x", "-w", "/x"], "pwd; touch new; id -u"),
        (["-v", "HOST/dir/file:/etc"], ":"), (["-v", "HOST/dir:/etc/motd"], ":"),
        (["-v", "HOST/dir:/etc/motd/x"], ":"),
        (["--mount", "type=bind,src=HOST/nix,dst=/x"], ":"),
    ]

    @Test("the same flags, the same mounts") func compare() async throws {
        try await DockerEngine.withEngine { try compare(try #require(DockerEngine.current)) }
    }

    private func compare(_ docker: DockerEngine) throws {
        let box = try BusyboxStore("oracle")
        try docker("load", "-i", box.store("box.tar")).check()
        for (flags, script) in Self.cases {
            let theirs = try outcome(box, flags) { flags in
                try docker.run(
                    ["run", "--rm", "--network", "none", "--security-opt", "seccomp=unconfined"] + flags
                        + ["box:1", "/bin/sh", "-c", script + "\n" + question])
            }
            let ours = try outcome(box, flags) { flags in
                // The old word, which later versions of Docker refuse.
                let flags = flags.map { $0.replacing("bind-nonrecursive=true", with: "bind-recursive=disabled") }
                return try box.run(flags, script + "\n" + question)
            }
            #expect(ours == theirs, "\(flags) \(script)")
            #expect(try box.mounted().filter { $0.contains("/store/") } == [], "\(flags)")
        }
    }

    /// What came of it, and what the host's directory looks like afterwards.
    private func outcome(
        _ box: BusyboxStore, _ flags: [String], _ run: ([String]) throws -> ProcessResult
    ) throws -> [String] {
        let host = box.host.root
        try Tool.script(
            """
            cd "$1"; mkdir -p shared; mount --bind shared shared; mount --make-shared shared; cd shared
            mkdir -p dir/below plain/below; echo of the host > dir/file; chown 5:6 dir; mount -t tmpfs tmpfs dir/below
            touch dir/below/inside
            """, host
        ).check()
        defer { _ = try? Tool.script("cd \"$1\"; umount -R -l shared; rm -rf shared", host) }
        let result = try run(flags.map { $0.replacing("HOST", with: host + "/shared") })
        if result.status != 0 && result.text.isEmpty { return ["refused"] }
        let left = try Tool.script("cd \"$1/shared\"; find . -printf '%P %m %U:%G\\n' | sort", host).check().lines
        return result.lines + left
    }
}

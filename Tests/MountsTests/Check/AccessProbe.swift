import FileTree
import Mounts
import StorageModel
import TestSupport

/// Tries what the check foresees: a program in C mounts the source, becomes the user in its user namespace, and opens, lists,
/// makes and removes. The kernel is the oracle.
struct AccessProbe {
    /// One question, and how the source is reached.
    struct Question {
        let path: String
        /// Through a mount of its own, as in a container; else by its path, as without root's help.
        let isMounted: Bool
        let subject: AccessSubject
        /// The ids in the namespace of the subject that its ids of the host are.
        let inside: (uid: UInt32, gid: UInt32, groups: [UInt32])
        var isReadOnly = false
        /// Stored ids as inside, shown ids as outside.
        var idmap: IdentityMapping?

        fileprivate var line: String {
            let groups = inside.groups.map(String.init).joined(separator: ",")
            let capabilities =
                (subject.capabilities.contains(.overrideAll) ? "o" : "")
                + (subject.capabilities.contains(.overrideReading) ? "r" : "")
            let fields = [
                isMounted ? "m" : "p", String(inside.uid), String(inside.gid), groups, capabilities,
                subject.namespace?.description ?? "", idmap?.description ?? "", isReadOnly ? "ro" : "", path,
            ]
            return fields.map { $0.isEmpty ? "-" : $0 }.joined(separator: " ") + "\n"
        }
    }

    private let directory: TemporaryDirectory
    private let program: String

    init() throws {
        directory = try TemporaryDirectory("probe")
        program = directory("probe")
        try TreeBuilder(directory.path).file("probe.c", Self.source)
        try Tool.run("cc", "-O1", "-o", program, directory("probe.c")).check()
        try Tool.run("chmod", "755", directory.path).check()
        try directory.makeDirectory("place")
    }

    /// The letters of what was possible, for each question: `r` listing or reading, `x` passing or executing, `w` making or
    /// writing, `b` reading and writing at once, `a` adding, `d` removing; in this order.
    func answers(to questions: [Question]) throws -> [String] {
        let input = questions.map(\.line).joined()
        let run = try Tool.run(program, directory("place"), input: .bytes(Array(input.utf8))).check()
        return run.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    private static let source = #"""
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <grp.h>
        #include <linux/capability.h>
        #include <linux/mount.h>
        #include <sched.h>
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/mount.h>
        #include <sys/stat.h>
        #include <sys/syscall.h>
        #include <sys/wait.h>
        #include <unistd.h>

        static void die(const char *what) { perror(what); exit(9); }

        static void write_map(int pid, const char *name, const char *ranges) {
            char path[64], map[512] = "";
            snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
            char *copy = strdup(ranges);
            for (char *part = strtok(copy, ","); part; part = strtok(NULL, ",")) {
                unsigned a, b, c;
                if (sscanf(part, "%u:%u:%u", &a, &b, &c) != 3) die("map");
                snprintf(map + strlen(map), sizeof map - strlen(map), "%u %u %u\n", a, b, c);
            }
            int file = open(path, O_WRONLY);
            if (file < 0 || write(file, map, strlen(map)) < 0) die(path);
            close(file);
            free(copy);
        }

        static int make_namespace(const char *ranges) {
            int ready[2];
            if (pipe(ready)) die("pipe");
            int pid = fork();
            if (pid == 0) {
                if (unshare(CLONE_NEWUSER)) die("unshare");
                if (write(ready[1], "x", 1) != 1) die("write");
                pause();
                _exit(0);
            }
            char byte;
            if (read(ready[0], &byte, 1) != 1) die("read");
            write_map(pid, "uid_map", ranges);
            write_map(pid, "gid_map", ranges);
            char path[64];
            snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
            int result = open(path, O_RDONLY | O_CLOEXEC);
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            close(ready[0]);
            close(ready[1]);
            if (result < 0) die(path);
            return result;
        }

        static void attach(const char *path, const char *target, const char *idmap, int read_only) {
            int tree = syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
            if (tree < 0) die(path);
            struct mount_attr attributes = {.attr_set = read_only ? MOUNT_ATTR_RDONLY : 0};
            if (idmap) {
                attributes.attr_set |= MOUNT_ATTR_IDMAP;
                attributes.userns_fd = make_namespace(idmap);
            }
            if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes)) die("setattr");
            if (syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH)) die("move_mount");
            close(tree);
        }

        static void become(unsigned uid, unsigned gid, gid_t *groups, int count, const char *caps, int space) {
            if (space >= 0 && setns(space, CLONE_NEWUSER)) die("setns");
            if (setgroups(count, groups) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)) die("become");
            unsigned set = (strchr(caps, 'o') ? 1u << CAP_DAC_OVERRIDE : 0)
                | (strchr(caps, 'r') ? 1u << CAP_DAC_READ_SEARCH : 0);
            struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
            struct __user_cap_data_struct data[2] = {{.effective = set, .permitted = set}};
            if (syscall(SYS_capset, &header, data)) die("capset");
        }

        static int opens(const char *path, int flags) {
            int file = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
            if (file >= 0) close(file);
            // A fifo without a reader, a socket: permitted, and nobody there.
            return file >= 0 || errno == ENXIO;
        }

        static void probe(const char *path, int is_directory, char *out) {
            if (is_directory) {
                char below[5000];
                if (opens(path, O_RDONLY | O_DIRECTORY)) *out++ = 'r';
                snprintf(below, sizeof below, "%s/.", path);
                int inside = open(below, O_PATH | O_CLOEXEC);
                if (inside >= 0) *out++ = 'x';
                snprintf(below, sizeof below, "%s/probe-%d", path, getpid());
                int made = open(below, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
                if (made >= 0) *out++ = 'w';
                if (made >= 0 && unlink(below) == 0) *out++ = 'd';
            } else {
                if (opens(path, O_RDONLY)) *out++ = 'r';
                if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0) *out++ = 'x';
                if (opens(path, O_WRONLY)) *out++ = 'w';
                if (opens(path, O_RDWR)) *out++ = 'b';
                if (opens(path, O_WRONLY | O_APPEND)) *out++ = 'a';
            }
            *out = 0;
        }

        int main(int count, char **arguments) {
            if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) die("unshare");
            char *place = arguments[1], directory[4200], file[4200], line[6000];
            if (mount("tmpfs", place, "tmpfs", 0, "mode=0755")) die("tmpfs");
            snprintf(directory, sizeof directory, "%s/d", place);
            snprintf(file, sizeof file, "%s/f", place);
            if (mkdir(directory, 0755) || mknod(file, S_IFREG | 0644, 0)) die("place");
            while (fgets(line, sizeof line, stdin)) {
                char how, list[400], caps[8], map[400], idmap[400], ro[4];
                unsigned uid, gid;
                int start;
                if (sscanf(line, "%c %u %u %399s %7s %399s %399s %3s %n", &how, &uid, &gid, list, caps, map, idmap, ro,
                           &start) != 8) die(line);
                char *path = line + start;
                path[strcspn(path, "\n")] = 0;
                gid_t groups[32];
                int number = 0;
                if (list[0] != '-')
                    for (char *part = strtok(list, ","); part; part = strtok(NULL, ",")) groups[number++] = atoi(part);
                struct stat status;
                if (stat(path, &status)) die(path);
                int is_directory = S_ISDIR(status.st_mode);
                const char *target = path;
                if (how == 'm') {
                    target = is_directory ? directory : file;
                    attach(path, target, idmap[0] == '-' ? NULL : idmap, ro[0] == 'r');
                }
                int space = map[0] == '-' ? -1 : make_namespace(map), ends[2];
                if (pipe(ends)) die("pipe");
                fflush(stdout);
                int child = fork();
                if (child == 0) {
                    char answer[16];
                    become(uid, gid, groups, number, caps, space);
                    probe(target, is_directory, answer);
                    if (write(ends[1], answer, sizeof answer) != sizeof answer) _exit(8);
                    _exit(0);
                }
                close(ends[1]);
                char answer[16] = "failed";
                if (read(ends[0], answer, sizeof answer) != sizeof answer) strcpy(answer, "failed");
                close(ends[0]);
                waitpid(child, NULL, 0);
                if (space >= 0) close(space);
                if (how == 'm' && umount2(target, MNT_DETACH)) die("umount");
                puts(answer);
            }
            return 0;
        }
        """#
}

extension SourceUse {
    /// In the letters of ``AccessProbe``.
    func letters(ofDirectory isDirectory: Bool) -> String {
        let answers: [(Bool, String)] =
            isDirectory
            ? [(reads, "r"), (executes, "x"), (writes, "w"), (removes, "d")]
            : [(reads, "r"), (executes, "x"), (writes, "w"), (readsAndWrites, "b"), (appends, "a")]
        return answers.filter(\.0).map(\.1).joined()
    }
}

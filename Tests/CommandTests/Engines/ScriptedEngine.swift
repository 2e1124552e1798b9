import TestSupport
import Testing

/// A program in place of an engine's client, for answers that no engine gives and for engines that a test must copy.
enum ScriptedEngine {
    /// Writes an executable shell script.
    static func write(_ script: String, to path: String) throws {
        let separator = Array(path.utf8).lastIndex(of: UInt8(ascii: "/")) ?? 0
        let (directory, name) = (String(path.utf8.prefix(separator)) ?? "/", path.split(separator: "/").last ?? "")
        try TreeBuilder(directory).file(String(name), "#!/bin/bash\n" + script + "\n", mode: 0o755)
    }

    /// A client whose volumes lie as Docker lays them out in `volumes/` beside the script, with their labels in `labels/`.
    ///
    /// It does what the real one does with `volume create`, `inspect`, `ls`, `rm`, `info` and `ps`, and brings to disk what it
    /// records, as Docker does.
    static let dockerLike = #"""
        home=$(dirname "$(realpath "$0")"); volumes=$home/volumes; labels=$home/labels
        mkdir -p "$volumes" "$labels"
        case "$1 $2" in
        "info --format")
            case "$3" in *DockerRootDir*) echo "$volumes" ;; *) echo "$(uname -r) $(uname -n)" ;; esac ;;
        "volume ls") ls "$volumes" ;;
        "volume create")
            shift 2; text=
            while [ "$1" != -- ]; do [ "$1" = --label ] && text="$text,\"${2%%=*}\":\"${2#*=}\""; shift 2; done
            if [ ! -e "$volumes/$2" ]; then
                mkdir -p "$volumes/$2/_data"; echo "{${text#,}}" > "$labels/$2"; sync -f "$labels"
            fi
            echo "$2" ;;
        "volume rm") rm -rf "${volumes:?}/$4" "${labels:?}/$4" ;;
        "volume inspect")
            shift 3; text=; status=0
            for name; do
                if [ -d "$volumes/$name" ]; then
                    time=$(date -u -d "@$(stat -c %Z "$volumes/$name")" +%FT%TZ)
                    text="$text,{\"Name\":\"$name\",\"Driver\":\"local\",\"Mountpoint\":\"$volumes/$name/_data\","
                    text="$text\"CreatedAt\":\"$time\",\"Labels\":$(cat "$labels/$name" 2>/dev/null || echo null),"
                    text="$text\"Options\":null,\"Scope\":\"local\"}"
                else
                    echo "Error response from daemon: get $name: no such volume" >&2; status=1
                fi
            done
            echo "[${text#,}]"; exit $status ;;
        esac
        """#
}

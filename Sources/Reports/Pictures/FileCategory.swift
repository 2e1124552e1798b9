/// What a file is for, as far as its name tells.
package enum FileCategory: Int, CaseIterable, Hashable, Sendable {
    case database, image, video, archive, package, log, document, code, program, other

    /// For people, in the plural.
    package var words: String {
        switch self {
        case .database: "Databases"
        case .image: "Images"
        case .video: "Video and sound"
        case .archive: "Archives"
        case .package: "Disk images, packages"
        case .log: "Logs"
        case .document: "Documents and data"
        case .code: "Source code"
        case .program: "Programs, libraries"
        case .other: "Everything else"
        }
    }

    private static let extensions: [FileCategory: String] = [
        .database: "db db3 sqlite sqlite3 ibd ibdata mdb accdb frm myd myi ldb sst rdb aof wal mmdb wt bson dbf",
        .image: "jpg jpeg png gif webp bmp tif tiff svg heic heif avif raw cr2 nef dng ico psd xcf",
        .video: "mp4 mkv avi mov webm m4v mpg mpeg m2ts wmv flv mp3 flac ogg oga opus wav m4a aac mid",
        .archive: "gz tgz zst tzst xz txz bz2 tbz zip 7z rar tar lz4 lzma cpio br age restic bak",
        .package: "iso img qcow2 vmdk vdi vhd vhdx raw deb rpm apk jar war whl gem crate nupkg dmg pkg snap pack",
        .log: "log journal out err trace pcap",
        .document:
            "txt md rst pdf doc docx odt xls xlsx ods ppt pptx odp rtf tex epub mobi csv tsv json jsonl ndjson xml yaml yml toml ini conf cfg html htm css parquet avro arrow eml mbox",
        .code:
            "c h cc cpp cxx hpp m mm swift go rs py js mjs cjs ts tsx jsx java kt scala rb php pl pm sh bash zsh lua r jl hs ml clj ex exs erl sql vue svelte map",
        .program: "so o a ko dll exe bin elf lib dylib pyc pyo class wasm node rlib rmeta",
    ]

    private static let byExtension: [String: FileCategory] = {
        var result: [String: FileCategory] = [:]
        for category in allCases {
            for name in extensions[category, default: ""].split(separator: " ") where result[String(name)] == nil {
                result[String(name)] = category
            }
        }
        return result
    }()

    /// Looks at what follows the last dot, in either case; at what is before it where that is a number, as in `app.log.1` and
    /// `libc.so.6`.
    package init(name: ArraySlice<UInt8>) {
        var rest = name
        while let dot = rest.lastIndex(of: UInt8(ascii: ".")), dot > rest.startIndex {
            let suffix = rest[(dot + 1)...]
            rest = rest[..<dot]
            if suffix.isEmpty || suffix.count > 8 { break }
            if suffix.allSatisfy({ (0x30...0x39).contains($0) }) { continue }
            let lower = suffix.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
            self = Self.byExtension[String(decoding: lower, as: UTF8.self)] ?? .other
            return
        }
        self = .other
    }
}

/// How long ago something was changed.
package enum AgeClass: Int, CaseIterable, Hashable, Sendable {
    case day, week, month, quarter, year, older

    package var words: String {
        switch self {
        case .day: "Last 24 hours"
        case .week: "Last 7 days"
        case .month: "Last 30 days"
        case .quarter: "Last 90 days"
        case .year: "Last year"
        case .older: "Older"
        }
    }

    /// - Parameter ageSeconds: negative for times in the future, which count as now.
    package init(ageSeconds: Int64) {
        let limits: [Int64] = [1, 7, 30, 90, 365]
        let position = limits.firstIndex { ageSeconds < $0 * 86_400 } ?? limits.count
        self = AgeClass(rawValue: position) ?? .older
    }
}

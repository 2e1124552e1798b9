import Mounts
import StorageModel
import TestSupport
import Testing

/// Goal: no text brings the grammars down, and every error points into the text. Method: random bytes, and texts put together
/// from the grammars' own words, from a seed.
@Suite("Any text as a mount") struct GrammarPropertyTests {
    static let words = [
        ":", ",", "=", "\"", "/", ".", "..", "./", "~", "ro", "rw", "z", "nocopy", "rshared", "O", "U", "idmap",
        "upperdir=",
        "workdir=", "uids=0-0-1", ";", "#", "type=", "volume", "bind", "tmpfs", "image", "src=", "dst=", "readonly",
        "volume-subpath=", "volume-opt=", "bind-idmap=", "match-user", "tmpfs-size=", "1m", "%", "size=", "mode=",
        "777",
        "data", "/x", "\n", "\0", "ä", "\u{301}", "🗄", " ",
    ]

    private static func parse(_ text: String) {
        let parsers: [(String) throws -> Void] = [
            { _ = try MountGrammar.volume($0, currentDirectory: "/home/anna") },
            { _ = try MountGrammar.request(mounts: [$0], currentDirectory: "/home/anna") },
            { _ = try MountGrammar.tmpfs($0) }, { _ = try MountGrammar.volumesFrom($0) },
        ]
        for parse in parsers {
            do {
                try parse(text)
            } catch let error as StorageError {
                #expect(error.code == .invalidInput)
                guard let excerpt = error.excerpt else {
                    Issue.record("no place: \(error) for \(text.debugDescription)")
                    continue
                }
                let pieces = excerpt.pieces
                #expect(excerpt.text == text && String(pieces.before) + pieces.part + pieces.after == text)
                #expect(!error.message.unicodeScalars.contains { $0.value < 0x20 }, "\(error.message.debugDescription)")
            } catch {
                Issue.record("\(error)")
            }
        }
    }

    @Test("random bytes", arguments: 0..<8)
    func bytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<400 {
            let count = Int.random(in: 0..<60, using: &random)
            Self.parse(String(decoding: random.bytes(count), as: UTF8.self))
        }
    }

    @Test("random words of the grammars", arguments: 0..<8)
    func words(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1500 {
            let count = Int.random(in: 0..<12, using: &random)
            Self.parse((0..<count).compactMap { _ in Self.words.randomElement(using: &random) }.joined())
        }
    }

    @Test("a text of a megabyte is refused or taken in a moment")
    func long() {
        let long = String(repeating: "a,", count: 500_000)
        for text in ["data:/x:\(long)", "dst=/x,\(long)", "/\(long)", ":" + long, "\"" + long] { Self.parse(text) }
    }

    @Test("what is written from a mount is read as that mount, by both grammars", arguments: 0..<8)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let isBind = random.chance(50)
            let source =
                isBind ? "/srv/\(Int.random(in: 0..<99, using: &random))" : "v\(Int.random(in: 0..<99, using: &random))"
            let isReadOnly = random.chance(50)
            let propagation = isBind ? MountPropagation.allCases.randomElement(using: &random) : nil
            let isEmpty = !isBind && random.chance(30)
            let noExecution = random.chance(30)
            var options = [isReadOnly ? "ro" : "rw"]
            var keys = ["type=\(isBind ? "bind" : "volume")", "src=\(source)", "dst=/x y", "readonly=\(isReadOnly)"]
            if let propagation {
                options.append(propagation.rawValue)
                keys += ["bind-propagation=\(propagation.rawValue)", "bind-create-src"]
            }
            if isEmpty {
                options.append("nocopy")
                keys.append("volume-nocopy")
            }
            if noExecution {
                options.append("noexec")
                keys.append("noexec")
            }
            options.shuffle(using: &random)
            keys.shuffle(using: &random)
            let short = try MountGrammar.volume(
                "\(source):/x y:\(options.joined(separator: ","))", currentDirectory: "/")
            let long = try MountGrammar.request(mounts: [keys.joined(separator: ",")], currentDirectory: "/")
            #expect(long.mounts.map(\.spec) == [short])
            #expect(short.isReadOnly == isReadOnly && short.restrictions.contains(.noExecution) == noExecution)
        }
    }
}

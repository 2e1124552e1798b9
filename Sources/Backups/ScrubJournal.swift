internal import FileTree
internal import StorageModel

/// When each archive below a destination was last proved whole, or found not to be: `.holdfast-scrub.json` in the destination
/// itself, so that it goes where the archives go.
struct ScrubJournal {
    /// What is known of an archive.
    struct Note: Hashable {
        var verifiedAt: Timestamp?
        /// When it was last found not to be whole, and what it was then; `nil` once it was found whole again.
        var damage: Damage?

        /// When it was looked at last.
        var lookedAt: Timestamp? { [verifiedAt, damage?.foundAt].compactMap { $0 }.max() }
    }

    struct Damage: Hashable {
        let foundAt: Timestamp
        let verdict: VerifyReport.Verdict
    }

    private static let name = ".holdfast-scrub.json"
    /// A hundred thousand archives fit.
    private static let limitBytes = 32 << 20

    /// By path, relative to the destination.
    var notes: [String: Note] = [:]

    /// A missing or damaged journal is an empty one: everything is verified anew.
    init(in destination: String) {
        guard let text = Self.read(destination) else { return }
        guard let document = try? JSONValue(parsing: text, of: "the journal"), let members = document.members else {
            return
        }
        notes = members.compactMapValues(Note.init(from:))
    }

    private static func read(_ destination: String) -> [UInt8]? {
        do throws(FileError) {
            let directory = try Descriptor.openDirectory(atHostPath: destination)
            let file = try directory.openFile(Array(name.utf8), for: .reading)
            return try file.readToEnd(limitBytes: limitBytes)
        } catch {
            return nil
        }
    }

    /// The archives in the order of their turn, and forgets all others.
    mutating func turn(of archives: [(name: String, archive: String)]) -> [(name: String, archive: String)] {
        let present = Set(archives.map(\.name))
        notes = notes.filter { present.contains($0.key) }
        return archives.sorted { left, right in
            let (first, second) = (notes[left.name]?.lookedAt, notes[right.name]?.lookedAt)
            return first == second ? left.name < right.name : (first ?? .earliest) < (second ?? .earliest)
        }
    }

    /// Notes what an archive was found to be just now.
    mutating func note(_ verdict: VerifyReport.Verdict, of name: String) {
        if verdict == .intact {
            notes[name] = Note(verifiedAt: .now)
        } else {
            notes[name, default: Note()].damage = Damage(foundAt: .now, verdict: verdict)
        }
    }

    /// Puts the journal in the old one's place in one step.
    func write(to destination: String) throws(StorageError) {
        let text = JSONValue.object(notes.mapValues(\.json)).prettyText() + "\n"
        do throws(FileError) {
            try FilePublication.replace(Self.name, inDirectory: destination, with: text)
        } catch {
            throw StorageError(
                error, doing: "note in '\(destination.printable())' what was verified", object: destination)
        }
    }
}

/// As the time alone for an archive that is whole, which is what versions before this one wrote and read; else as an object,
/// which those take for an archive that was never verified.
extension ScrubJournal.Note {
    fileprivate init?(from value: JSONValue) {
        if let text = value.text {
            guard let time = Timestamp(parsing: text) else { return nil }
            self.init(verifiedAt: time)
            return
        }
        guard let found = value["damagedAt"]?.text.flatMap({ Timestamp(parsing: $0) }),
            let verdict = value["verdict"]?.text.flatMap(VerifyReport.Verdict.init(rawValue:)), verdict != .intact
        else { return nil }
        self.init(
            verifiedAt: value["verifiedAt"]?.text.flatMap { Timestamp(parsing: $0) },
            damage: ScrubJournal.Damage(foundAt: found, verdict: verdict))
    }

    fileprivate var json: JSONValue {
        guard let damage else { return .optional(verifiedAt?.description) }
        return [
            "damagedAt": .string(damage.foundAt.description), "verdict": .string(damage.verdict.rawValue),
            "verifiedAt": .optional(verifiedAt?.description),
        ]
    }
}

extension Timestamp {
    fileprivate static let earliest = Timestamp(seconds: .min)
}

internal import FileTree
internal import StorageModel

/// When each archive below a destination was last proved whole: `.holdfast-scrub.json` in the destination itself, so that it
/// goes where the archives go.
struct ScrubJournal {
    private static let name = ".holdfast-scrub.json"
    /// A hundred thousand archives fit.
    private static let limitBytes = 32 << 20

    /// By path, relative to the destination.
    var verifiedAt: [String: Timestamp] = [:]

    /// A missing or damaged journal is an empty one: everything is verified anew.
    init(in destination: String) {
        guard let text = Self.read(destination) else { return }
        guard let document = try? JSONValue(parsing: text, of: "the journal"), let members = document.members else {
            return
        }
        verifiedAt = members.compactMapValues { $0.text.flatMap { Timestamp(parsing: $0) } }
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

    /// Puts the journal in the old one's place in one step.
    func write(to destination: String) throws(StorageError) {
        let text = JSONValue.object(verifiedAt.mapValues { .string($0.description) }).prettyText() + "\n"
        do throws(FileError) {
            try FilePublication.replace(Self.name, inDirectory: destination, with: text)
        } catch {
            throw StorageError(
                error, doing: "note in '\(destination.printable())' what was verified", object: destination)
        }
    }
}

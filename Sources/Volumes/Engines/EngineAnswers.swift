internal import StorageModel

/// What the clients print about volumes: arrays of objects with the members of the Engine API.
struct EngineAnswers {
    let engine: VolumeEngine

    /// Reads `volume inspect`. The array is complete as far as the volumes exist; names that are none are left out.
    ///
    /// - Throws: ``StorageError/Code/system`` for anything that is not of the known form.
    func volumes(_ text: [UInt8]) throws(StorageError) -> [EngineVolume] {
        var volumes: [EngineVolume] = []
        for element in try elements(text) {
            if let volume = try volume(element) { volumes.append(volume) }
        }
        return volumes
    }

    /// Reads what is an array of anything.
    func elements(_ text: [UInt8]) throws(StorageError) -> [JSONValue] {
        let document: JSONValue
        do throws(StorageError) {
            document = try JSONValue(parsing: text, of: "the answer of \(engine.title)")
        } catch {
            throw notUnderstood("it is not JSON")
        }
        guard let elements = document.elements else { throw notUnderstood("it is no array") }
        return elements
    }

    private func volume(_ element: JSONValue) throws(StorageError) -> EngineVolume? {
        guard let text = element["Name"]?.text else { throw notUnderstood("a volume has no name") }
        guard let reference = reference(text) else { return nil }
        let labels = try strings(element["Labels"], "the labels of '\(reference.name)'")
        var options = try strings(element["Options"], "the options of '\(reference.name)'")
        if engine == .podman {
            // Podman shows among the options what it made of `o`; it takes them in `o` only.
            for key in ["UID", "GID", "SIZE", "INODES"] { options[key] = nil }
        }
        let isAnonymous: Bool
        switch (engine, element["Anonymous"]) {
        case (.podman, .boolean(let value)?): isAnonymous = value
        // The label is Docker's since 23.0; before, the name is all there is to tell by.
        case (.docker, _): isAnonymous = labels[CarriedDescription.anonymousLabel] != nil || text.isMadeUp
        default: isAnonymous = false
        }
        return EngineVolume(
            reference: reference, driver: element["Driver"]?.text ?? EngineVolume.localDriver, labels: labels,
            options: options, createdAt: element["CreatedAt"]?.text.flatMap { Timestamp(parsing: $0) },
            mountpoint: element["Mountpoint"]?.text ?? "", isAnonymous: isAnonymous,
            scope: element["Scope"]?.text ?? "local")
    }

    /// - Returns: `nil` for a name that Holdfast does not take.
    func reference(_ text: String) -> EngineVolumeReference? {
        do throws(StorageError) {
            return try EngineVolumeReference(engine, VolumeName(text))
        } catch {
            return nil
        }
    }

    private func strings(_ value: JSONValue?, _ what: String) throws(StorageError) -> [String: String] {
        guard let value else { return [:] }
        guard let members = value.members else { throw notUnderstood("\(what) are no object") }
        var result: [String: String] = [:]
        for (key, value) in members {
            guard let text = value.text else { throw notUnderstood("\(what) are not all texts") }
            result[key] = text
        }
        return result
    }

    func notUnderstood(_ reason: String) -> StorageError {
        StorageError(
            .system, object: engine.rawValue, "the answer of \(engine.title)'s client is not understood: \(reason)",
            hint: "look at it: \(engine.rawValue) volume inspect NAME")
    }
}

extension String {
    /// Whether it is what an engine calls a volume that nobody gave a name.
    fileprivate var isMadeUp: Bool {
        utf8.count == 64 && utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

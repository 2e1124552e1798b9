internal import Catalog
internal import FileTree
package import StorageModel

extension Volumes {
    /// Makes a volume, or finds the one of that name if driver, options and labels are the same.
    ///
    /// Built in staging, brought to disk, then published by one transaction: a crash leaves no volume or a whole one, and
    /// of two processes that ask for the same name one makes it and the other finds it.
    ///
    /// - Throws: ``StorageError/Code/conflict``, saying what differs, if the name is taken by a different volume;
    ///   ``StorageError/Code/invalidInput`` for a driver, an option, an owner or a mode that cannot be.
    package func create(_ request: VolumeRequest) throws(StorageError) -> VolumeCreation {
        try Self.validate(request)
        while true {
            // Each further round means that another process removed the volume that was found.
            if let creation = try createOnce(request) { return creation }
        }
    }

    private func createOnce(_ request: VolumeRequest) throws(StorageError) -> VolumeCreation? {
        if let name = request.name, let existing = try catalog.volume(named: name) {
            return try reconcile(existing, with: request)
        }
        let volume = try Self.newVolume(request)
        let existing = try build(volume, request)
        if let existing { return try reconcile(existing, with: request) }
        return VolumeCreation(volume: volume, existed: false)
    }

    /// The row of a new volume; one without a name gets 64 random hexadecimal digits.
    package static func newVolume(
        _ request: VolumeRequest, population: VolumePopulation? = nil
    ) throws(StorageError) -> Volume {
        let name = if let name = request.name { name } else { try anonymousName() }
        return Volume(
            name: name, driver: request.driver, createdAt: .now, labels: request.labels, options: request.options,
            isAnonymous: request.name == nil,
            isProtected: request.isProtected, population: population)
    }

    /// - Returns: the volume of the same name that another process made meanwhile.
    private func build(_ volume: Volume, _ request: VolumeRequest) throws(StorageError) -> Volume? {
        let staged = try stage(volume, request)
        do throws(StorageError) {
            let existing = try publish(staged, as: volume, isDurable: request.isDurable)
            // The volume is made. An area that cannot be removed is swept by the next open.
            try? staged.discard()
            return existing
        } catch {
            // The first failure is the one to report; what could not be removed is swept later.
            try? staged.discard()
            throw error
        }
    }

    /// Leaves the last blocks to the catalog, which needs them to record that a volume is removed.
    func refuseFullDisk() throws(FileError) {
        if try staging.availableBytes() < 128 << 10 { throw FileError("fstatvfs", path: "staging", errno: .noSpace) }
    }

    /// - Returns: `nil` if another process removed the volume meanwhile.
    private func reconcile(_ existing: Volume, with request: VolumeRequest) throws(StorageError) -> VolumeCreation? {
        let differences = VolumeDifference.between(existing, and: request)
        guard differences.isEmpty else {
            throw StorageError(
                .conflict, object: existing.name.rawValue,
                "volume '\(existing.name)' exists already and differs: \(differences.joined(separator: "; "))",
                hint: "ask for the same driver, options and labels, choose another name, "
                    + "or remove it first: holdfast volume rm \(existing.name)")
        }
        guard try hasDirectory(existing.name) else {
            if try lacksData(existing) { throw Self.withoutData(existing.name) }
            return nil
        }
        return VolumeCreation(volume: existing, existed: true)
    }

    static func validate(_ request: VolumeRequest) throws(StorageError) {
        let object = request.name?.rawValue ?? ""
        guard request.driver == VolumeRequest.localDriver else {
            throw StorageError(
                .invalidInput, object: object, "there is no volume driver '\(request.driver.printable(limit: 80))'",
                hint: "the driver of this version is 'local'")
        }
        let options = try LocalDriverOptions(request.options, object: object)
        try refuseContradictions(request, options)
        guard request.labels.keys.allSatisfy({ !$0.isEmpty }) else {
            throw StorageError(
                .invalidInput, object: object, "a label has an empty key", hint: "write --label KEY=VALUE")
        }
        guard request.mode <= 0o7777 else {
            throw StorageError(
                .invalidInput, object: object, "the mode \(String(request.mode, radix: 8)) has more than four digits",
                hint: "use an octal mode from 0000 to 7777, such as 0750")
        }
        guard request.uid != .max && request.gid != .max else {
            throw StorageError(
                .invalidInput, object: object, "\(UInt32.max) is not an owner: the kernel reads it as 'unchanged'",
                hint: "use a number from 0 to \(UInt32.max - 1)")
        }
    }

    /// 64 random hexadecimal digits, as Docker names anonymous volumes.
    private static func refuseContradictions(
        _ request: VolumeRequest, _ options: LocalDriverOptions
    ) throws(StorageError) {
        let object = request.name?.rawValue ?? ""
        let givesDirectory = request.uid != nil || request.gid != nil || request.mode != VolumeRequest.defaultMode
        if let device = options.device, givesDirectory {
            throw StorageError(
                .invalidInput, object: object,
                "owner and mode are those of the device (\(device.description.printable(limit: 200))), not of the volume",
                hint: device.isMemory
                    ? "a tmpfs takes them in its options: --opt o=uid=1000,gid=1000,mode=0750"
                    : "leave out --uid, --gid and --mode")
        }
        for (word, asked, option) in [("uid", request.uid, options.uid), ("gid", request.gid, options.gid)] {
            guard let asked, let option, asked != option else { continue }
            throw StorageError(
                .invalidInput, object: object, "--\(word) \(asked) and --opt o=\(word)=\(option) contradict each other",
                hint: "give one of them")
        }
    }

    private static func anonymousName() throws(StorageError) -> VolumeName {
        try VolumeName(String(decoding: RandomName.make() + RandomName.make(), as: UTF8.self))
    }
}

/// What distinguishes a volume from what was asked for.
enum VolumeDifference {
    /// One phrase for each difference, in a fixed order: driver, options, labels.
    static func between(_ volume: Volume, and request: VolumeRequest) -> [String] {
        var result: [String] = []
        if volume.driver != request.driver {
            result.append("its driver is '\(volume.driver.printable())', not '\(request.driver.printable())'")
        }
        result += phrases(
            "option", has: volume.options, wanted: request.options, shown: LocalDriverOptions.shown)
        result += phrases("label", has: volume.labels, wanted: request.labels)
        return result
    }

    /// - Parameter shown: leaves out what nobody may see.
    private static func phrases(
        _ word: String, has: [String: String], wanted: [String: String],
        shown: ([String: String]) -> [String: String] = { $0 }
    ) -> [String] {
        let (shownHas, shownWanted) = (shown(has), shown(wanted))
        return Set(has.keys).union(wanted.keys).sorted().compactMap { key in
            let subject = "\(word) '\(key.printable(limit: 80))'"
            if has[key] == wanted[key] { return nil }
            switch (shownHas[key], shownWanted[key]) {
            case (let old?, let new?): return "\(subject) is '\(quoted(old))', not '\(quoted(new))'"
            case (let old?, nil): return "\(subject) ('\(quoted(old))') was not asked for"
            case (nil, let new?): return "\(subject) ('\(quoted(new))') is missing"
            case (nil, nil): return nil
            }
        }
    }

    private static func quoted(_ value: String) -> String { value.printable(limit: 80) }
}

package import StorageModel

/// What a job file can name that only the host knows.
package struct JobSurroundings: Sendable {
    /// Throws for the name of a time zone that is not known.
    package var checkZone: @Sendable (String) throws(StorageError) -> Void
    /// Throws for what systemd does not take for a calendar event, where that can be found out.
    package var checkCalendar: @Sendable (String) throws(StorageError) -> Void
    /// Throws for what are no public keys.
    package var checkRecipients: @Sendable ([String]) throws(StorageError) -> Void

    package init(
        checkZone: @escaping @Sendable (String) throws(StorageError) -> Void = { _ throws(StorageError) in },
        checkCalendar: @escaping @Sendable (String) throws(StorageError) -> Void = { _ throws(StorageError) in },
        checkRecipients: @escaping @Sendable ([String]) throws(StorageError) -> Void = { _ throws(StorageError) in }
    ) {
        self.checkZone = checkZone
        self.checkCalendar = checkCalendar
        self.checkRecipients = checkRecipients
    }
}

/// Reads a job file: `jobs` with a mapping of jobs by their names, or one job by itself.
package struct JobReader {
    static let keys = [
        "sources", "to", "level", "threads", "consistency", "max-freeze", "hooks", "recipients", "recipients-file",
        "passphrase-file", "identity", "tags", "retention", "skip-if-unchanged", "link-unchanged", "paranoid", "limits",
        "scrub",
        "notify", "metrics",
        "schedule", "timezone", "splay", "max-time",
    ]

    let faults: JobFaults
    let surroundings: JobSurroundings
    private let file: String

    /// - Parameters:
    ///   - file: its name, as the user wrote it.
    ///   - surroundings: what is asked about names that only the host knows.
    package static func read(
        _ text: String, file: String, _ surroundings: JobSurroundings = JobSurroundings()
    ) -> JobFileContent {
        let faults = JobFaults(file: file)
        let reader = JobReader(faults: faults, surroundings: surroundings, file: file)
        var jobs: [Job] = []
        if let root = JobYAML.read(text, faults) {
            jobs = reader.jobs(root)
        } else if faults.all.isEmpty {
            faults.add(.start, "the file is empty; jobs are expected")
        }
        return JobFileContent(file: file, jobs: jobs, faults: faults.all)
    }

    private func jobs(_ root: JobNode) -> [Job] {
        guard case .mapping(let entries) = root.content else {
            faults.add(root.place, "the file is \(root.kind); a mapping with 'jobs', or one job, is expected")
            return []
        }
        guard entries.contains(where: { $0.key == "jobs" }) else {
            return job(root, "the job", keys: ["name"] + Self.keys) { mapping in
                if mapping.has("name") {
                    return mapping.node("name").flatMap { node in
                        mapping.text(node, "name", expected: "a name").flatMap { text in
                            faults.attempt(node.place) { () throws(StorageError) in try JobName(text) }
                        }
                    }
                }
                return faults.attempt(root.place) { () throws(StorageError) in try JobName(stem) }
            }.map { [$0] } ?? []
        }
        guard let top = JobMapping(root, "the file", keys: ["jobs"], faults), let node = top.node("jobs") else {
            return []
        }
        guard case .mapping(let named) = node.content else {
            faults.add(node.place, "'jobs' is \(node.kind); a mapping from names to jobs is expected")
            return []
        }
        let jobs = named.filter { !$0.key.hasPrefix("x-") }.compactMap { entry in
            job(entry.value, "the job '\(entry.key.printable(limit: 80))'", keys: Self.keys) { _ in
                faults.attempt(entry.place) { () throws(StorageError) in try JobName(entry.key) }
            }
        }
        if named.isEmpty { faults.add(node.place, "'jobs' is empty; a job is expected") }
        refuseSharedMetrics(jobs, named)
        return jobs
    }

    /// The file's name without its folder and ending.
    private var stem: String {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        return name.split(separator: ".").first.map(String.init) ?? name
    }

    /// Each job writes its file anew: two with one file would overwrite each other.
    private func refuseSharedMetrics(_ jobs: [Job], _ entries: [JobEntry]) {
        var known: [String: JobName] = [:]
        for job in jobs {
            guard let path = job.metricsFile else { continue }
            if let other = known[path], let entry = entries.first(where: { $0.key == job.name.rawValue }) {
                faults.add(
                    entry.place,
                    "the jobs '\(other)' and '\(job.name)' have the same 'metrics'; one file for each is expected")
            }
            known[path] = job.name
        }
    }

    // MARK: One job

    private func job(_ node: JobNode, _ name: String, keys: [String], _ named: (JobMapping) -> JobName?) -> Job? {
        guard let mapping = JobMapping(node, name, keys: keys, faults) else { return nil }
        let jobName = named(mapping)
        let sources = self.sources(mapping)
        let destinations = self.destinations(mapping)
        for (key, isMissing) in [("sources", sources.isEmpty), ("to", destinations.isEmpty)] {
            if isMissing && !mapping.has(key) {
                faults.add(mapping.place, "\(name) has no '\(key)', which is expected")
            }
        }
        // What follows is read in any case, so that all mistakes are told at once.
        guard let placeholder = try? JobName("unnamed") else { return nil }
        var job = Job(name: jobName ?? placeholder, sources: sources, destinations: destinations)
        readContent(mapping, &job)
        readHooks(mapping, &job)
        readEncryption(mapping, &job)
        readScrub(mapping, &job)
        job.notifications = notifications(mapping)
        readTime(mapping, &job)
        return jobName == nil ? nil : job
    }

    private func whenUnchanged(_ mapping: JobMapping) -> UnchangedBackup {
        let skips = mapping.flag("skip-if-unchanged") ?? false
        guard mapping.flag("link-unchanged") ?? false else { return skips ? .skip : .archive }
        if skips, let node = mapping.node("link-unchanged") {
            faults.add(node.place, "'link-unchanged' and 'skip-if-unchanged' exclude each other")
        }
        return .link
    }

    private func readContent(_ mapping: JobMapping, _ job: inout Job) {
        job.level = mapping.number("level", in: BackupRequest.levels) ?? job.level
        job.threads = mapping.number("threads", in: 1...256)
        job.consistency = mapping.word("consistency", ConsistencyMode.self) ?? job.consistency
        let freeze = ConsistencyRequest.freezeSeconds
        if let seconds = mapping.seconds("max-freeze", in: Int64(freeze.lowerBound)...Int64(freeze.upperBound)) {
            job.maxFreezeSeconds = Int(seconds)
        }
        let tags = mapping.texts("tags", expected: "a tag")
        let good = tags.filter { tag in
            faults.attempt(tag.node.place) { () throws(StorageError) in try ArchiveTags.parse([tag.text]) } != nil
        }
        if let first = good.first {
            job.tags =
                faults.attempt(first.node.place) { () throws(StorageError) in try ArchiveTags.parse(good.map(\.text)) }
                ?? []
        }
        job.whenUnchanged = whenUnchanged(mapping)
        job.rereadShare =
            mapping.value("paranoid", expected: "a share of 0% to 100%") { text in
                let digits = text.hasSuffix("%") ? text.dropLast() : text[...]
                return Double(digits).flatMap { $0.isFinite && (0...100).contains($0) ? $0 / 100 : nil }
            } ?? 0
        readLimits(mapping, &job)
        job.metricsFile = mapping.node("metrics").flatMap { node in
            guard let path = mapping.path(node, "metrics") else { return nil }
            guard path.hasSuffix(".prom") else {
                faults.add(
                    node.place, "'metrics' is '\(path.printable(limit: 80))'; a file that ends in .prom is expected")
                return nil
            }
            return path
        }
    }

    private func readLimits(_ mapping: JobMapping, _ job: inout Job) {
        guard let node = mapping.node("limits"),
            let limits = JobMapping(node, "'limits'", keys: ["read", "write", "io", "nice"], faults)
        else { return }
        let expected = "bytes a second as 50MiB"
        job.limits.readBytesPerSecond = limits.value("read", expected: expected, ResourceLimits.rate)
        job.limits.writeBytesPerSecond = limits.value("write", expected: expected, ResourceLimits.rate)
        job.limits.isIdleIO = limits.word("io", DiskUse.self) == .idle
        job.limits.niceness = limits.number("nice", in: ResourceLimits.nicenesses) ?? 0
    }

    private enum DiskUse: String, CaseIterable { case idle, normal }

    private func readHooks(_ mapping: JobMapping, _ job: inout Job) {
        guard let node = mapping.node("hooks"),
            let hooks = JobMapping(node, "'hooks'", keys: ["before", "after", "timeout"], faults)
        else { return }
        job.hooksBefore = self.hooks(hooks, "before")
        job.hooksAfter = self.hooks(hooks, "after")
        let limits = ConsistencyRequest.timeoutSeconds
        if let seconds = hooks.seconds("timeout", in: Int64(limits.lowerBound)...Int64(limits.upperBound)) {
            job.hookTimeoutSeconds = Int(seconds)
        }
    }

    private func hooks(_ mapping: JobMapping, _ key: String) -> [JobHook] {
        mapping.elements(key).compactMap { node in
            if case .text(let command) = node.content {
                return faults.attempt(node.place) { () throws(StorageError) in
                    try JobHook(container: nil, command: command)
                }
            }
            guard let hook = JobMapping(node, "a hook", keys: ["exec", "run"], faults) else { return nil }
            guard let command = hook.text("run", expected: "a command") else {
                if !hook.has("run") { faults.add(hook.place, "a hook has no 'run'; a command is expected") }
                return nil
            }
            let container = hook.text("exec", expected: "a container as docker:db")
            if hook.has("exec") && container == nil { return nil }
            return faults.attempt(node.place) { () throws(StorageError) in
                try JobHook(container: container, command: command)
            }
        }
    }

    private func readTime(_ mapping: JobMapping, _ job: inout Job) {
        let day: Int64 = 86_400
        job.splaySeconds = mapping.seconds("splay", in: 0...day) ?? 0
        job.maxSeconds = mapping.seconds("max-time", in: 1...(30 * day))
        let zone = mapping.node("timezone").flatMap { zoneName($0, "timezone", mapping) }
        guard let node = mapping.node("schedule"),
            let text = mapping.text(node, "schedule", expected: "a cron expression or a calendar event of systemd")
        else {
            if mapping.has("timezone") && !mapping.has("schedule") {
                faults.add(
                    mapping.place, "\(mapping.name) has a 'timezone' and no 'schedule', which is expected with it")
            }
            return
        }
        if CronExpression.isMeant(by: text) {
            job.schedule = faults.attempt(node.place) { () throws(StorageError) in
                JobSchedule(.cron(try CronExpression(parsing: text)), zoneName: zone)
            }
        } else {
            let schedule = JobSchedule(.calendar(text), zoneName: zone)
            let isLine = !text.isEmpty && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }
            job.schedule = faults.attempt(node.place) { () throws(StorageError) in
                guard isLine else {
                    throw StorageError(
                        .invalidInput, object: text,
                        "'schedule' is not one line of ASCII; a cron expression or a calendar event of systemd is expected"
                    )
                }
                for event in schedule.calendarEvents { try surroundings.checkCalendar(event) }
                return schedule
            }
        }
    }

    /// The name of a time zone that exists.
    func zoneName(_ node: JobNode, _ key: String, _ mapping: JobMapping) -> String? {
        mapping.text(node, key, expected: "a time zone").flatMap { name in
            faults.attempt(node.place) { () throws(StorageError) in
                try surroundings.checkZone(name)
                return name
            }
        }
    }
}

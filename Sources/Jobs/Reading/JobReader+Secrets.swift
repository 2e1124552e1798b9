internal import StorageModel

// What has to do with secrets: no message shows a value of these.
extension JobReader {
    func readEncryption(_ mapping: JobMapping, _ job: inout Job) {
        let recipients = mapping.texts("recipients", expected: "a public key (age1…)")
        let files = mapping.paths("recipients-file")
        let passphrase = mapping.path("passphrase-file")
        for recipient in recipients {
            do throws(StorageError) { try surroundings.checkRecipients([recipient.text]) } catch {
                faults.add(
                    recipient.node.place, "this is not a public key of age; one that begins with age1 is expected")
            }
        }
        if let passphrase = mapping.entry("passphrase-file"), !(recipients.isEmpty && files.isEmpty) {
            faults.add(
                passphrase.place, "'passphrase-file' does not go together with recipients; one of the two is expected")
        }
        job.identityFiles = mapping.paths("identity")
        guard !recipients.isEmpty || !files.isEmpty || passphrase != nil else {
            if let identity = mapping.entry("identity") {
                faults.add(identity.place, "'identity' opens encrypted archives; 'recipients' are expected beside it")
            }
            return
        }
        job.encryption = EncryptionRequest(
            recipients: recipients.map(\.text), recipientFiles: files, passphraseFile: passphrase)
    }

    func readScrub(_ mapping: JobMapping, _ job: inout Job) {
        guard let node = mapping.node("scrub"),
            let scrub = JobMapping(node, "'scrub'", keys: ["budget", "max-time", "identity"], faults)
        else { return }
        let bytes = scrub.value("budget", expected: "a size as 50GiB") { ByteCount(parsing: $0)?.bytes }
        let seconds = scrub.seconds("max-time", in: 1...(7 * 86_400))
        if !scrub.has("budget") && !scrub.has("max-time") {
            faults.add(scrub.place, "'scrub' has no bound; 'budget' or 'max-time' is expected")
        }
        job.scrub = JobScrub(
            budget: ScrubBudget(bytes: bytes, seconds: seconds.map(Double.init)), identityFiles: scrub.paths("identity")
        )
    }

    func notifications(_ mapping: JobMapping) -> [JobNotification] {
        mapping.elements("notify").compactMap(notification)
    }

    private func notification(_ node: JobNode) -> JobNotification? {
        let ways = ["command", "url", "url-file"]
        let keys = ["on"] + ways + ["token-file", "timeout", "retries"]
        guard let fields = JobMapping(node, "a notification", keys: keys, faults) else { return nil }
        let outcomes = outcomes(fields)
        let timeout = fields.seconds("timeout", in: 1...3600)
        let retries = fields.number("retries", in: 0...JobNotification.retryLimit)
        let token = fields.path("token-file")
        let given = ways.filter(fields.has)
        guard given.count == 1 else {
            let found = given.isEmpty ? "none" : given.map { "'\($0)'" }.joined(separator: " and ")
            faults.add(fields.place, "a notification has \(found) of \(ways.joined(separator: ", ")); one is expected")
            return nil
        }
        guard let way = way(fields, given[0]) else { return nil }
        var notification = JobNotification(way: way, outcomes: outcomes)
        notification.timeoutSeconds = timeout.map(Int.init) ?? notification.timeoutSeconds
        if case .webhook(var webhook) = way {
            webhook.tokenFile = token
            webhook.retries = retries ?? webhook.retries
            notification.way = .webhook(webhook)
        } else {
            for key in ["token-file", "retries"] {
                guard let entry = fields.entry(key) else { continue }
                faults.add(entry.place, "'\(key)' is for a webhook; with 'command' it is not expected")
            }
        }
        return notification
    }

    private func way(_ fields: JobMapping, _ key: String) -> JobNotification.Way? {
        switch key {
        case "command":
            guard let node = fields.node(key), let text = fields.text(node, key, expected: "a command") else {
                return nil
            }
            guard text.contains(where: { !$0.isWhitespace }), !text.utf8.contains(0) else {
                faults.add(node.place, "'command' is blank; a command is expected")
                return nil
            }
            return .command(text)
        case "url":
            guard let node = fields.node(key), let text = fields.text(node, key, expected: "an address") else {
                return nil
            }
            guard JobNotification.Webhook.isAddress(text) else {
                faults.add(node.place, "'url' is not an address; one that begins with https:// or http:// is expected")
                return nil
            }
            return .webhook(JobNotification.Webhook(address: .url(text)))
        default: return fields.path(key).map { .webhook(JobNotification.Webhook(address: .file($0))) }
        }
    }

    /// When somebody is told; of what went wrong, if nothing else is said.
    private func outcomes(_ fields: JobMapping) -> Set<JobOutcome> {
        guard fields.has("on") else { return [.warning, .failure] }
        var result: Set<JobOutcome> = []
        for (node, text) in fields.texts("on", expected: "a word") {
            if text == "always" {
                result.formUnion(JobOutcome.allCases)
            } else if let outcome = JobOutcome(rawValue: text) {
                result.insert(outcome)
            } else {
                fields.noteWord(node, "on", text, JobOutcome.allCases.map(\.rawValue) + ["always"])
            }
        }
        return result
    }
}

/// Which compose files are meant, and what the project is called.
public struct ComposeRequest: Hashable, Sendable {
    /// Empty for the first of `compose.yaml`, `compose.yml`, `docker-compose.yml`, `docker-compose.yaml` in the current
    /// directory or one above it, with its override file.
    public var files: [String]
    /// `nil` for `COMPOSE_PROJECT_NAME`, else `name` in the files, else the name of the directory.
    public var projectName: String?
    /// Services with profiles count only if one of these is among them; `*` for all. Empty for those of
    /// `COMPOSE_PROFILES`.
    public var profiles: [String]

    public init(files: [String] = [], projectName: String? = nil, profiles: [String] = []) {
        self.files = files
        self.projectName = projectName
        self.profiles = profiles
    }
}

/// What became of one object of a compose file.
public struct ComposeOutcome: Hashable, Sendable {
    public enum Event: String, Hashable, Sendable {
        /// It was made.
        case created
        /// It was there, as the file has it.
        case existed
        /// Somebody else's, which is there.
        case external
        case removed
        /// It was to be removed and stays.
        case kept
    }

    /// A volume's name, or a directory of the host.
    public let name: String
    public let event: Event
    /// Why it stays; `nil` for another event.
    public let reason: String?
    /// Whether it stays because something is in the way, and not because it was meant to.
    public let isHindered: Bool

    public init(name: String, event: Event, reason: String? = nil, isHindered: Bool = false) {
        self.name = name
        self.event = event
        self.reason = reason
        self.isHindered = isHindered
    }
}

/// What `compose up` and `compose down` did.
public struct ComposeReport: Hashable, Sendable {
    public var project: String
    public var volumes: [ComposeOutcome]
    /// Directories of the host.
    public var directories: [ComposeOutcome]
    /// What somebody should know of the files.
    public var notes: [String]

    public init(
        project: String, volumes: [ComposeOutcome] = [], directories: [ComposeOutcome] = [], notes: [String] = []
    ) {
        self.project = project
        self.volumes = volumes
        self.directories = directories
        self.notes = notes
    }
}

/// What `compose config` shows: the files with all names resolved.
public struct ComposeConfiguration: Hashable, Sendable {
    public struct Volume: Hashable, Sendable {
        /// The name in the file.
        public let key: String
        public let name: String
        public let driver: String
        public let options: [String: String]
        /// Those of Docker Compose too.
        public let labels: [String: String]
        public let isExternal: Bool
        public let exists: Bool

        public init(
            key: String, name: String, driver: String, options: [String: String], labels: [String: String],
            isExternal: Bool, exists: Bool
        ) {
            self.key = key
            self.name = name
            self.driver = driver
            self.options = options
            self.labels = labels
            self.isExternal = isExternal
            self.exists = exists
        }
    }

    public struct Service: Hashable, Sendable {
        public let name: String
        public let image: String?
        public let plan: MountPlanReport

        public init(name: String, image: String?, plan: MountPlanReport) {
            self.name = name
            self.image = image
            self.plan = plan
        }
    }

    public let project: String
    public let directory: String
    public let volumes: [Volume]
    public let services: [Service]
    public let notes: [String]

    public init(project: String, directory: String, volumes: [Volume], services: [Service], notes: [String]) {
        self.project = project
        self.directory = directory
        self.volumes = volumes
        self.services = services
        self.notes = notes
    }
}

internal import GRDB

/// The tables of the catalog, as a list of migrations that is only ever appended to.
enum Schema {
    /// `PRAGMA user_version` of a catalog that all migrations have been applied to.
    static let version = migrations.count

    /// `PRAGMA application_id`: "HFLD".
    static let applicationID: Int32 = 0x4846_4c44

    private static let migrations: [(name: String, sql: String)] = [
        ("volumes", volumes), ("layers, images, containers", layers), ("mounts", mounts),
        ("measured sizes", measuredSizes), ("usage history", usageHistory),
    ]

    /// Each migration is one transaction that also writes the version it leads to.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for (index, migration) in migrations.enumerated() {
            migrator.registerMigration(migration.name) { database in
                try database.execute(sql: migration.sql)
                try database.execute(
                    sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(index + 1)")
            }
        }
        return migrator
    }

    /// Volumes with their labels and driver options. Times are nanoseconds since 1970 UTC.
    private static let volumes = """
        CREATE TABLE volumes (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
                CHECK (length(name) BETWEEN 1 AND 255 AND name NOT GLOB '*[^A-Za-z0-9_.-]*' AND name GLOB '[A-Za-z0-9]*'),
            driver TEXT NOT NULL CHECK (driver <> ''),
            created_at_ns INTEGER NOT NULL,
            is_anonymous INTEGER NOT NULL CHECK (is_anonymous IN (0, 1)),
            is_protected INTEGER NOT NULL CHECK (is_protected IN (0, 1)),
            populated_from TEXT CHECK (populated_from <> '')
        ) STRICT;
        CREATE TABLE volume_labels (
            volume_id INTEGER NOT NULL REFERENCES volumes (id) ON DELETE CASCADE,
            key TEXT NOT NULL CHECK (key <> ''),
            value TEXT NOT NULL,
            PRIMARY KEY (volume_id, key)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE volume_options (
            volume_id INTEGER NOT NULL REFERENCES volumes (id) ON DELETE CASCADE,
            key TEXT NOT NULL CHECK (key <> ''),
            value TEXT NOT NULL,
            PRIMARY KEY (volume_id, key)
        ) STRICT, WITHOUT ROWID;
        """

    /// Layers with what they lie on, images with their names, containers with their images. Digests are 64 hexadecimal
    /// digits. What refers to what is a foreign key, so that nothing in use can go; counts are derived, never stored.
    private static let layers = """
        CREATE TABLE layers (
            id INTEGER PRIMARY KEY,
            chain_id TEXT NOT NULL UNIQUE CHECK (length(chain_id) = 64 AND chain_id NOT GLOB '*[^0-9a-f]*'),
            diff_id TEXT NOT NULL CHECK (length(diff_id) = 64 AND diff_id NOT GLOB '*[^0-9a-f]*'),
            parent_id INTEGER REFERENCES layers (id) ON DELETE RESTRICT,
            apparent_bytes INTEGER NOT NULL CHECK (apparent_bytes >= 0),
            allocated_bytes INTEGER NOT NULL CHECK (allocated_bytes >= 0),
            entries INTEGER NOT NULL CHECK (entries >= 0),
            tar_bytes INTEGER NOT NULL CHECK (tar_bytes >= 0),
            created_at_ns INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX layers_by_parent ON layers (parent_id);
        CREATE TABLE layer_blobs (
            layer_id INTEGER NOT NULL REFERENCES layers (id) ON DELETE CASCADE,
            digest TEXT NOT NULL CHECK (length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
            media_type TEXT NOT NULL,
            size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
            PRIMARY KEY (layer_id, digest)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE images (
            id INTEGER PRIMARY KEY,
            digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
            top_layer_id INTEGER REFERENCES layers (id) ON DELETE RESTRICT,
            loaded_at_ns INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX images_by_top_layer ON images (top_layer_id);
        CREATE TABLE tags (
            reference TEXT PRIMARY KEY CHECK (reference <> ''),
            image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX tags_by_image ON tags (image_id);
        CREATE TABLE repository_digests (
            reference TEXT PRIMARY KEY CHECK (reference <> ''),
            image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX repository_digests_by_image ON repository_digests (image_id);
        CREATE TABLE containers (
            id INTEGER PRIMARY KEY,
            container_id TEXT NOT NULL UNIQUE CHECK (length(container_id) = 64 AND container_id NOT GLOB '*[^0-9a-f]*'),
            name TEXT NOT NULL UNIQUE CHECK (name <> ''),
            image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE RESTRICT,
            image_name TEXT NOT NULL,
            created_at_ns INTEGER NOT NULL,
            settings TEXT NOT NULL CHECK (json_valid(settings))
        ) STRICT;
        CREATE INDEX containers_by_image ON containers (image_id);
        """

    /// What volumes were filled from and when they were last used; what containers mount. A volume's and an image's row is
    /// kept by the mounts that need it; names are those of the rows, so that a volume that is renamed stays mounted.
    private static let mounts = """
        ALTER TABLE volumes ADD COLUMN populated_image TEXT
            CHECK (length(populated_image) = 64 AND populated_image NOT GLOB '*[^0-9a-f]*');
        ALTER TABLE volumes ADD COLUMN populated_path TEXT CHECK (populated_path GLOB '/*');
        ALTER TABLE volumes ADD COLUMN populated_at_ns INTEGER;
        ALTER TABLE volumes ADD COLUMN last_mounted_at_ns INTEGER;
        CREATE TABLE container_mounts (
            container_id INTEGER NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
            position INTEGER NOT NULL CHECK (position >= 0),
            volume_id INTEGER REFERENCES volumes (id) ON DELETE RESTRICT,
            image_id INTEGER REFERENCES images (id) ON DELETE RESTRICT,
            mount TEXT NOT NULL CHECK (json_valid(mount)),
            PRIMARY KEY (container_id, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX container_mounts_by_volume ON container_mounts (volume_id);
        CREATE INDEX container_mounts_by_image ON container_mounts (image_id);
        """

    /// What volumes and containers took when they were last measured, for who asks again soon. The size of what is removed is
    /// forgotten with it, so that a row number that is used again means nothing.
    private static let measuredSizes = """
        CREATE TABLE measured_sizes (
            kind TEXT NOT NULL CHECK (kind IN ('volume', 'container', 'upper')),
            object_id INTEGER NOT NULL,
            method TEXT NOT NULL CHECK (method IN ('walk', 'quota')),
            allocated_bytes INTEGER NOT NULL CHECK (allocated_bytes >= 0),
            apparent_bytes INTEGER NOT NULL CHECK (apparent_bytes >= 0),
            files INTEGER NOT NULL CHECK (files >= 0),
            directories INTEGER NOT NULL CHECK (directories >= 0),
            errors INTEGER NOT NULL CHECK (errors >= 0),
            measured_at_ns INTEGER NOT NULL,
            PRIMARY KEY (kind, object_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER measured_sizes_of_volume AFTER DELETE ON volumes BEGIN
            DELETE FROM measured_sizes WHERE kind = 'volume' AND object_id = OLD.id;
        END;
        CREATE TRIGGER measured_sizes_of_container AFTER DELETE ON containers BEGIN
            DELETE FROM measured_sizes WHERE kind IN ('container', 'upper') AND object_id = OLD.id;
        END;
        """

    /// What scans found, by source, and of some of them the largest directories. A volume's history follows its name, and
    /// goes with it, so that a new volume of the name does not inherit it. The order in which samples were recorded is that of
    /// their ids: their times are only as right as the clock was.
    private static let usageHistory = """
        CREATE TABLE usage_sources (
            id INTEGER PRIMARY KEY,
            source TEXT NOT NULL UNIQUE CHECK (source <> '')
        ) STRICT;
        CREATE TABLE usage_samples (
            id INTEGER PRIMARY KEY,
            source_id INTEGER NOT NULL REFERENCES usage_sources (id) ON DELETE CASCADE,
            scanned_at_ns INTEGER NOT NULL,
            allocated_bytes INTEGER NOT NULL CHECK (allocated_bytes >= 0),
            apparent_bytes INTEGER NOT NULL CHECK (apparent_bytes >= 0),
            files INTEGER NOT NULL CHECK (files >= 0),
            directories INTEGER NOT NULL CHECK (directories >= 0),
            errors INTEGER NOT NULL CHECK (errors >= 0),
            is_partial INTEGER NOT NULL CHECK (is_partial IN (0, 1)),
            total_bytes INTEGER CHECK (total_bytes >= 0),
            used_bytes INTEGER CHECK (used_bytes >= 0),
            available_bytes INTEGER CHECK (available_bytes >= 0)
        ) STRICT;
        CREATE INDEX usage_samples_by_source ON usage_samples (source_id, scanned_at_ns);
        CREATE TABLE usage_directories (
            sample_id INTEGER PRIMARY KEY REFERENCES usage_samples (id) ON DELETE CASCADE,
            encoded BLOB NOT NULL
        ) STRICT;
        CREATE TRIGGER usage_follows_name AFTER UPDATE OF name ON volumes WHEN OLD.name <> NEW.name BEGIN
            DELETE FROM usage_sources WHERE source = 'holdfast:' || NEW.name;
            UPDATE usage_sources SET source = 'holdfast:' || NEW.name WHERE source = 'holdfast:' || OLD.name;
        END;
        CREATE TRIGGER usage_goes_with_volume AFTER DELETE ON volumes BEGIN
            DELETE FROM usage_sources WHERE source = 'holdfast:' || OLD.name;
        END;
        """
}

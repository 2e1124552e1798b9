internal import GRDB

/// The tables of the catalog, as a list of migrations that is only ever appended to.
enum Schema {
    /// `PRAGMA user_version` of a catalog that all migrations have been applied to.
    static let version = migrations.count

    /// `PRAGMA application_id`: "HFLD".
    static let applicationID: Int32 = 0x4846_4c44

    private static let migrations: [(name: String, sql: String)] = [("volumes", volumes)]

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
}

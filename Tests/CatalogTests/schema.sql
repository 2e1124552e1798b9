CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);

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

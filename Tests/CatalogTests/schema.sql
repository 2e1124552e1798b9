CREATE TRIGGER measured_sizes_of_container AFTER DELETE ON containers BEGIN
    DELETE FROM measured_sizes WHERE kind IN ('container', 'upper') AND object_id = OLD.id;
END;

CREATE TRIGGER measured_sizes_of_volume AFTER DELETE ON volumes BEGIN
    DELETE FROM measured_sizes WHERE kind = 'volume' AND object_id = OLD.id;
END;

CREATE TRIGGER usage_follows_name AFTER UPDATE OF name ON volumes WHEN OLD.name <> NEW.name BEGIN
    DELETE FROM usage_sources WHERE source = 'holdfast:' || NEW.name;
    UPDATE usage_sources SET source = 'holdfast:' || NEW.name WHERE source = 'holdfast:' || OLD.name;
END;

CREATE TRIGGER usage_goes_with_volume AFTER DELETE ON volumes BEGIN
    DELETE FROM usage_sources WHERE source = 'holdfast:' || OLD.name;
END;

CREATE TABLE container_mounts (
    container_id INTEGER NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position >= 0),
    volume_id INTEGER REFERENCES volumes (id) ON DELETE RESTRICT,
    image_id INTEGER REFERENCES images (id) ON DELETE RESTRICT,
    mount TEXT NOT NULL CHECK (json_valid(mount)),
    PRIMARY KEY (container_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE containers (
    id INTEGER PRIMARY KEY,
    container_id TEXT NOT NULL UNIQUE CHECK (length(container_id) = 64 AND container_id NOT GLOB '*[^0-9a-f]*'),
    name TEXT NOT NULL UNIQUE CHECK (name <> ''),
    image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE RESTRICT,
    image_name TEXT NOT NULL,
    created_at_ns INTEGER NOT NULL,
    settings TEXT NOT NULL CHECK (json_valid(settings))
) STRICT;

CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);

CREATE TABLE images (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
    top_layer_id INTEGER REFERENCES layers (id) ON DELETE RESTRICT,
    loaded_at_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE layer_blobs (
    layer_id INTEGER NOT NULL REFERENCES layers (id) ON DELETE CASCADE,
    digest TEXT NOT NULL CHECK (length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    PRIMARY KEY (layer_id, digest)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE repository_digests (
    reference TEXT PRIMARY KEY CHECK (reference <> ''),
    image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    reference TEXT PRIMARY KEY CHECK (reference <> ''),
    image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_directories (
    sample_id INTEGER PRIMARY KEY REFERENCES usage_samples (id) ON DELETE CASCADE,
    encoded BLOB NOT NULL
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

CREATE TABLE usage_sources (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL UNIQUE CHECK (source <> '')
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

CREATE TABLE volumes (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
        CHECK (length(name) BETWEEN 1 AND 255 AND name NOT GLOB '*[^A-Za-z0-9_.-]*' AND name GLOB '[A-Za-z0-9]*'),
    driver TEXT NOT NULL CHECK (driver <> ''),
    created_at_ns INTEGER NOT NULL,
    is_anonymous INTEGER NOT NULL CHECK (is_anonymous IN (0, 1)),
    is_protected INTEGER NOT NULL CHECK (is_protected IN (0, 1)),
    populated_from TEXT CHECK (populated_from <> '')
, populated_image TEXT
    CHECK (length(populated_image) = 64 AND populated_image NOT GLOB '*[^0-9a-f]*'), populated_path TEXT CHECK (populated_path GLOB '/*'), populated_at_ns INTEGER, last_mounted_at_ns INTEGER) STRICT;

CREATE INDEX container_mounts_by_image ON container_mounts (image_id);

CREATE INDEX container_mounts_by_volume ON container_mounts (volume_id);

CREATE INDEX containers_by_image ON containers (image_id);

CREATE INDEX images_by_top_layer ON images (top_layer_id);

CREATE INDEX layers_by_parent ON layers (parent_id);

CREATE INDEX repository_digests_by_image ON repository_digests (image_id);

CREATE INDEX tags_by_image ON tags (image_id);

CREATE INDEX usage_samples_by_source ON usage_samples (source_id, scanned_at_ns);

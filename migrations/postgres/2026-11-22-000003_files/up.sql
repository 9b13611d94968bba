-- The bytes are in blob storage under the id.
CREATE TABLE files (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    project_id   TEXT COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    size         BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    sha256       TEXT NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    CONSTRAINT files_name_unique UNIQUE (project_id, name)
);

CREATE INDEX files_project_created_idx ON files (project_id, created_at, id);

-- Blobs that no file refers to: being uploaded, or left by a file that is gone.
CREATE TABLE blob_garbage (
    blob_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    since   TIMESTAMP NOT NULL
);

CREATE INDEX blob_garbage_since_idx ON blob_garbage (since);

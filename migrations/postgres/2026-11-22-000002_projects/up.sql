CREATE TABLE projects (
    id               TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner_id         TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name             TEXT NOT NULL,
    description      TEXT NOT NULL,
    system_prompt    TEXT NOT NULL,
    model            TEXT NOT NULL,
    -- JSON.
    parameters       TEXT NOT NULL,
    -- The number of the newest row in prompt_versions.
    prompt_version   INTEGER NOT NULL,
    -- Counts every change; the ETag is made from it.
    revision         BIGINT NOT NULL,
    last_activity_at TIMESTAMP NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    updated_at       TIMESTAMP NOT NULL
);

CREATE INDEX projects_owner_activity_idx ON projects (owner_id, last_activity_at, id);

CREATE TABLE prompt_versions (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    project_id    TEXT COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    number        INTEGER NOT NULL,
    system_prompt TEXT NOT NULL,
    model         TEXT NOT NULL,
    parameters    TEXT NOT NULL,
    author_id     TEXT COLLATE "C" REFERENCES users (id) ON DELETE SET NULL,
    created_at    TIMESTAMP NOT NULL,
    CONSTRAINT prompt_versions_number_unique UNIQUE (project_id, number)
);

CREATE INDEX prompt_versions_author_idx ON prompt_versions (author_id);

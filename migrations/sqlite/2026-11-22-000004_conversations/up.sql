CREATE TABLE conversations (
    id                TEXT NOT NULL PRIMARY KEY,
    project_id        TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    owner_id          TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title             TEXT NOT NULL,
    titled_by         TEXT NOT NULL CHECK (titled_by IN ('person', 'generated')),
    pinned            BOOLEAN NOT NULL,
    archived          BOOLEAN NOT NULL,
    -- The end of the path that is shown. No foreign key: messages refer to conversations already.
    active_message_id TEXT,
    last_activity_at  TIMESTAMP NOT NULL,
    created_at        TIMESTAMP NOT NULL,
    updated_at        TIMESTAMP NOT NULL
);

CREATE INDEX conversations_project_idx
    ON conversations (project_id, owner_id, archived, last_activity_at, id);
CREATE INDEX conversations_owner_idx ON conversations (owner_id);

CREATE TABLE messages (
    id                TEXT NOT NULL PRIMARY KEY,
    conversation_id   TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    -- No cascade: a conversation goes as a whole, and SQLite refuses cascades 1,000 levels deep.
    parent_id         TEXT REFERENCES messages (id),
    role              TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    content           TEXT NOT NULL,
    reasoning         TEXT,
    status            TEXT NOT NULL,
    model             TEXT,
    prompt_version    INTEGER,
    finish_reason     TEXT,
    prompt_tokens     BIGINT,
    completion_tokens BIGINT,
    -- Decimal text, so that no digit is lost.
    cost_usd          TEXT,
    -- JSON of what went wrong.
    problem           TEXT,
    generation_id     TEXT,
    created_at        TIMESTAMP NOT NULL,
    updated_at        TIMESTAMP NOT NULL
);

CREATE INDEX messages_conversation_idx ON messages (conversation_id, created_at, id);
CREATE INDEX messages_parent_idx ON messages (parent_id);

CREATE TABLE generations (
    id                   TEXT NOT NULL PRIMARY KEY,
    conversation_id      TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    user_message_id      TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    assistant_message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    owner_id             TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    model                TEXT NOT NULL,
    status               TEXT NOT NULL,
    -- Which process answers, and until when the others must believe that it is alive.
    lease_owner          TEXT NOT NULL,
    lease_expires_at     TIMESTAMP NOT NULL,
    created_at           TIMESTAMP NOT NULL,
    finished_at          TIMESTAMP
);

CREATE INDEX generations_conversation_idx ON generations (conversation_id, status);
CREATE INDEX generations_user_message_idx ON generations (user_message_id);
CREATE INDEX generations_assistant_message_idx ON generations (assistant_message_id);
CREATE INDEX generations_owner_idx ON generations (owner_id, status);
CREATE INDEX generations_lease_idx ON generations (status, lease_expires_at);

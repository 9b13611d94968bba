-- Every question begins a generation, so what it costs to store one is felt. It goes with its conversation, and so do
-- the messages and the owner: one foreign key says it all, and one index finds those that run.
CREATE TABLE lean_generations (
    id                   TEXT NOT NULL PRIMARY KEY,
    conversation_id      TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    user_message_id      TEXT NOT NULL,
    assistant_message_id TEXT NOT NULL,
    owner_id             TEXT NOT NULL,
    model                TEXT NOT NULL,
    status               TEXT NOT NULL,
    -- Which process answers, and until when the others must believe that it is alive.
    lease_owner          TEXT NOT NULL,
    lease_expires_at     TIMESTAMP NOT NULL,
    created_at           TIMESTAMP NOT NULL,
    finished_at          TIMESTAMP
) WITHOUT ROWID;

INSERT INTO lean_generations
SELECT id, conversation_id, user_message_id, assistant_message_id, owner_id, model, status,
    lease_owner, lease_expires_at, created_at, finished_at
FROM generations;

DROP TABLE generations;
ALTER TABLE lean_generations RENAME TO generations;

CREATE INDEX generations_conversation_idx ON generations (conversation_id);
CREATE INDEX generations_running_idx ON generations (owner_id, conversation_id) WHERE status = 'running';

-- Titles and messages whose words are not in the search index yet, or not as they are now. A row may be there twice, and
-- what it names may be gone: whoever takes it out sees to that.
CREATE TABLE search_queue (
    id              INTEGER NOT NULL PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    -- NULL for the title.
    message_id      TEXT
);

INSERT INTO search_queue (conversation_id, message_id)
SELECT conversation_id, message_id FROM search_entries WHERE pending ORDER BY id;

DROP INDEX search_entries_pending_idx;
ALTER TABLE search_entries DROP COLUMN pending;

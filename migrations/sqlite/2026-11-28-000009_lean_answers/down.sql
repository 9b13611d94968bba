ALTER TABLE search_entries ADD COLUMN pending BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX search_entries_pending_idx ON search_entries (id) WHERE pending;

UPDATE search_entries SET pending = TRUE
WHERE EXISTS (
    SELECT 1 FROM search_queue
    WHERE search_queue.conversation_id = search_entries.conversation_id
    AND search_queue.message_id IS search_entries.message_id
);

INSERT INTO search_entries (conversation_id, message_id, pending)
SELECT conversation_id, message_id, TRUE FROM search_queue
WHERE NOT EXISTS (
    SELECT 1 FROM search_entries
    WHERE search_entries.conversation_id = search_queue.conversation_id
    AND search_entries.message_id IS search_queue.message_id
)
AND EXISTS (SELECT 1 FROM conversations WHERE conversations.id = search_queue.conversation_id)
GROUP BY conversation_id, message_id ORDER BY min(id);

DROP TABLE search_queue;

CREATE TABLE full_generations (
    id                   TEXT NOT NULL PRIMARY KEY,
    conversation_id      TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    user_message_id      TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    assistant_message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    owner_id             TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    model                TEXT NOT NULL,
    status               TEXT NOT NULL,
    lease_owner          TEXT NOT NULL,
    lease_expires_at     TIMESTAMP NOT NULL,
    created_at           TIMESTAMP NOT NULL,
    finished_at          TIMESTAMP
);

INSERT INTO full_generations
SELECT id, conversation_id, user_message_id, assistant_message_id, owner_id, model, status,
    lease_owner, lease_expires_at, created_at, finished_at
FROM generations;

DROP TABLE generations;
ALTER TABLE full_generations RENAME TO generations;

CREATE INDEX generations_conversation_idx ON generations (conversation_id, status);
CREATE INDEX generations_user_message_idx ON generations (user_message_id);
CREATE INDEX generations_assistant_message_idx ON generations (assistant_message_id);
CREATE INDEX generations_owner_idx ON generations (owner_id, status);
CREATE INDEX generations_lease_idx ON generations (status, lease_expires_at);

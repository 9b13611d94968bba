ALTER TABLE search_entries ADD COLUMN pending BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX search_entries_pending_idx ON search_entries (id) WHERE pending;

UPDATE search_entries SET pending = TRUE
WHERE EXISTS (
    SELECT 1 FROM search_queue
    WHERE search_queue.conversation_id = search_entries.conversation_id
    AND search_queue.message_id IS NOT DISTINCT FROM search_entries.message_id
);

INSERT INTO search_entries (conversation_id, message_id, pending, words)
SELECT conversation_id, message_id, TRUE, ''::tsvector FROM search_queue
WHERE NOT EXISTS (
    SELECT 1 FROM search_entries
    WHERE search_entries.conversation_id = search_queue.conversation_id
    AND search_entries.message_id IS NOT DISTINCT FROM search_queue.message_id
)
AND EXISTS (SELECT 1 FROM conversations WHERE conversations.id = search_queue.conversation_id)
GROUP BY conversation_id, message_id ORDER BY min(id);

DROP TABLE search_queue;

DROP INDEX generations_conversation_idx;
DROP INDEX generations_running_idx;

ALTER TABLE generations
    ADD CONSTRAINT generations_user_message_id_fkey
        FOREIGN KEY (user_message_id) REFERENCES messages (id) ON DELETE CASCADE,
    ADD CONSTRAINT generations_assistant_message_id_fkey
        FOREIGN KEY (assistant_message_id) REFERENCES messages (id) ON DELETE CASCADE,
    ADD CONSTRAINT generations_owner_id_fkey
        FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE;

CREATE INDEX generations_conversation_idx ON generations (conversation_id, status);
CREATE INDEX generations_user_message_idx ON generations (user_message_id);
CREATE INDEX generations_assistant_message_idx ON generations (assistant_message_id);
CREATE INDEX generations_owner_idx ON generations (owner_id, status);
CREATE INDEX generations_lease_idx ON generations (status, lease_expires_at);

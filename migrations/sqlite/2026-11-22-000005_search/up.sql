-- What can be searched for: a conversation's title where message_id is NULL, else a message.
CREATE TABLE search_entries (
    -- Names the row of search_index as well; unlike an implicit rowid it survives VACUUM.
    id              INTEGER NOT NULL PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    message_id      TEXT REFERENCES messages (id) ON DELETE CASCADE,
    -- Listed, but its words are not in the index yet.
    pending         BOOLEAN NOT NULL
);

CREATE INDEX search_entries_conversation_idx ON search_entries (conversation_id);
CREATE UNIQUE INDEX search_entries_message_unique ON search_entries (message_id);
CREATE UNIQUE INDEX search_entries_title_unique ON search_entries (conversation_id)
    WHERE message_id IS NULL;
CREATE INDEX search_entries_pending_idx ON search_entries (id) WHERE pending;

-- Keeps no text. Words come folded and cut, with spaces between them, so the plainest tokenizer will
-- do. Each begins with six characters that name its owner; the beginnings that have one to three
-- letters more have an index of their own, since they are those of a great many words.
CREATE VIRTUAL TABLE search_index USING fts5 (
    project, title, body,
    content = '', contentless_delete = 1, tokenize = 'ascii', prefix = '7 8 9'
);

CREATE TRIGGER search_entries_deleted AFTER DELETE ON search_entries BEGIN
    DELETE FROM search_index WHERE rowid = old.id;
END;

-- The server indexes these right after the migration: what a word is only it can tell.
INSERT INTO search_entries (conversation_id, message_id, pending)
SELECT conversation_id, message_id, TRUE FROM (
    SELECT id AS conversation_id, NULL AS message_id, created_at FROM conversations
    UNION ALL
    SELECT conversation_id, id, created_at FROM messages WHERE status <> 'running'
)
ORDER BY created_at, conversation_id, message_id;

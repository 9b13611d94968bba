-- JSON: the images of a person's message, in their order.
ALTER TABLE messages ADD COLUMN attachments TEXT;
-- The model that was asked first, and JSON of those that were asked in vain.
ALTER TABLE messages ADD COLUMN requested_model TEXT;
ALTER TABLE messages ADD COLUMN fallbacks TEXT;
-- JSON: what of the history was left out.
ALTER TABLE messages ADD COLUMN omitted TEXT;
ALTER TABLE messages ADD COLUMN cached_tokens BIGINT;
ALTER TABLE messages ADD COLUMN reasoning_tokens BIGINT;
ALTER TABLE messages ADD COLUMN cost_is_estimate BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE messages ADD COLUMN tokens_are_estimate BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE messages ADD COLUMN first_token_ms BIGINT;
ALTER TABLE messages ADD COLUMN duration_ms BIGINT;

-- A ledger: what is deleted elsewhere stays here, so only the owner is a foreign key. The key holds a person's
-- records in the order in which reports want them.
CREATE TABLE usage_records (
    owner_id            TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- UTC, `YYYY-MM-DD`.
    day                 TEXT COLLATE "C" NOT NULL,
    model               TEXT COLLATE "C" NOT NULL,
    -- The generation's, or one of its own for what is no answer.
    id                  TEXT COLLATE "C" NOT NULL,
    purpose             TEXT NOT NULL CHECK (purpose IN ('answer', 'title')),
    project_id          TEXT COLLATE "C" NOT NULL,
    conversation_id     TEXT COLLATE "C" NOT NULL,
    prompt_tokens       BIGINT,
    cached_tokens       BIGINT,
    completion_tokens   BIGINT,
    reasoning_tokens    BIGINT,
    -- Decimal text, so that no digit is lost.
    cost_usd            TEXT,
    cost_is_estimate    BOOLEAN NOT NULL,
    tokens_are_estimate BOOLEAN NOT NULL,
    first_token_ms      BIGINT,
    duration_ms         BIGINT,
    created_at          TIMESTAMP NOT NULL,
    PRIMARY KEY (owner_id, day, model, id)
);

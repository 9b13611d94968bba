-- People's own accounts with providers of models; the operator's are in the environment.
CREATE TABLE providers (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner_id   TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Projects name models by it, so it never changes.
    slug       TEXT COLLATE "C" NOT NULL,
    preset     TEXT NOT NULL,
    name       TEXT NOT NULL,
    -- NULL for the preset's own.
    base_url   TEXT,
    -- Only the server's secret key opens it, and only for this row and this owner.
    sealed_key TEXT,
    key_hint   TEXT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    CONSTRAINT providers_slug_unique UNIQUE (owner_id, slug)
);

-- What providers said of their models, under the hash of what they said: accounts with the same
-- provider share it.
CREATE TABLE model_lists (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- JSON.
    models TEXT NOT NULL
);

-- How the list of one account is: of a row of providers, or of the operator's account of this slug.
CREATE TABLE catalogues (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    provider_id TEXT COLLATE "C" REFERENCES providers (id) ON DELETE CASCADE,
    status      TEXT NOT NULL CHECK (status IN ('ready', 'failed', 'unreachable')),
    problem     TEXT,
    -- NULL while no list has ever come.
    digest      TEXT COLLATE "C" REFERENCES model_lists (digest),
    model_count INTEGER NOT NULL,
    checked_at  TIMESTAMP NOT NULL
);

CREATE INDEX catalogues_provider_idx ON catalogues (provider_id);
CREATE INDEX catalogues_digest_idx ON catalogues (digest);

-- Accounts and what proves who someone is. Numbers of accounts are given by the market's commands.

CREATE TABLE accounts (
    account    bigint PRIMARY KEY,
    name       text NOT NULL DEFAULT '' CHECK (octet_length(name) <= 128),
    at         timestamptz NOT NULL
);
COMMENT ON TABLE accounts IS 'A buyer, provider or operator; the number is that of the command that opened it.';
COMMENT ON COLUMN accounts.at IS 'Time of that command: with the number it gives the public id.';

CREATE TABLE account_keys (
    public_key bytea PRIMARY KEY CHECK (octet_length(public_key) = 32),
    account    bigint NOT NULL,
    name       text NOT NULL DEFAULT '' CHECK (octet_length(name) <= 128),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX account_keys_account ON account_keys (account);
COMMENT ON TABLE account_keys IS 'Ed25519 keys that may sign in as the account.';

CREATE TABLE recovery_codes (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    account    bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    spent_at   timestamptz
);
COMMENT ON TABLE recovery_codes IS 'SHA-256 of codes that add a new key when the old one is lost; each works once.';

CREATE TABLE api_keys (
    key_id       uuid PRIMARY KEY,
    account      bigint NOT NULL,
    hash         bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    name         text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 128),
    scopes       int NOT NULL CHECK (scopes BETWEEN 1 AND 15),
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz
);
CREATE INDEX api_keys_account ON api_keys (account, key_id);
COMMENT ON TABLE api_keys IS 'Scoped secrets, stored as SHA-256. Scopes: 1 read, 2 trade, 4 provider, 8 keys.';

CREATE TABLE join_tokens (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    account    bigint NOT NULL,
    name       text NOT NULL DEFAULT '' CHECK (octet_length(name) <= 128),
    expires_at timestamptz NOT NULL,
    public_key bytea CHECK (octet_length(public_key) = 32),
    node       bigint,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE join_tokens IS 'One-time invitations for nodes, as SHA-256.';
COMMENT ON COLUMN join_tokens.public_key IS 'The key that used it: the same key may repeat the join, no other may.';

-- A witness's line; one that came before stays.
-- $1 size  $2 witness  $3 line
INSERT INTO log_cosignatures (size, witness, line) VALUES ($1, $2, $3) ON CONFLICT (size, witness) DO NOTHING;

-- A tile that is full.
-- $1 level  $2 number  $3 hashes
INSERT INTO log_tiles (level, n, hashes) VALUES ($1, $2, $3);

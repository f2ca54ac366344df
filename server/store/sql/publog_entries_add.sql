-- Entries of one bundle.
-- $1 index of the first  $2 how many  $3 number of the last command  $4 the entries
INSERT INTO log_entries (first, n, seq, entries) VALUES ($1, $2, $3, $4);

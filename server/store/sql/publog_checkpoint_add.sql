-- What is signed for this size.
-- $1 size  $2 last command  $3 root  $4 time  $5 signed note
INSERT INTO log_checkpoints (size, seq, root, at, note) VALUES ($1, $2, $3, $4, $5);

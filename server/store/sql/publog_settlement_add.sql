-- What the entry commits to.
-- $1 lease  $2 index of the entry  $3 document
INSERT INTO log_settlements (lease, index, document) VALUES ($1, $2, $3);

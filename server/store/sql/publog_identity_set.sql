-- Once, by init.
-- $1 origin  $2 public key
INSERT INTO log_identity (origin, public_key) VALUES ($1, $2);

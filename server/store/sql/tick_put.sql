-- Keep a lease's newest tick. No row touched: a later one is there.
-- $1 lease  $2 epoch  $3 n  $4 seconds  $5 document  $6 signature
INSERT INTO ticks AS t (lease, epoch, n, seconds, document, signature) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (lease) DO UPDATE SET epoch = excluded.epoch, n = excluded.n, seconds = excluded.seconds,
    document = excluded.document, signature = excluded.signature, at = now()
WHERE t.epoch < excluded.epoch OR (t.epoch = excluded.epoch AND t.n < excluded.n AND t.seconds <= excluded.seconds);

-- Try to be the one who leads; the lock lasts as long as the session. It shortens the wait only: the fence
-- is the epoch.
SELECT pg_try_advisory_lock(723910584) AS locked;

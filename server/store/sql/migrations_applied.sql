-- Migrations that were applied, in order.
SELECT number, sha256 FROM migrations ORDER BY number;

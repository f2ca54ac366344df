-- The buyer has the output: from now on it does not count for the provider. No row touched: it is his own, too.
-- $1 sha256  $2 account
UPDATE blobs SET origin = 3, noted_at = now() WHERE sha256 = $1 AND account = $2 AND origin = 2;

-- Whoever paid for an output keeps it as well. No row touched: he does already, or the provider does not keep it.
-- $1 sha256  $2 account of the provider  $3 account of the buyer
INSERT INTO blobs AS k (sha256, account, origin, size_bytes)
SELECT b.sha256, $3, 4, b.size_bytes FROM blobs b WHERE b.sha256 = $1 AND b.account = $2
ON CONFLICT (sha256, account) DO UPDATE SET origin = 4, noted_at = now() WHERE k.origin IN (2, 3);

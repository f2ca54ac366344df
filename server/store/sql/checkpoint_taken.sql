-- The job keeps what its checkpoint needs; the provider, who sent it, need not any more. No row touched: he did not.
-- $1 job  $2 manifest  $3 account of the provider
DELETE FROM blobs b USING checkpoint_blobs k
WHERE k.job = $1 AND k.manifest = $2 AND b.sha256 = k.sha256 AND b.account = $3 AND b.origin IN (2, 3);

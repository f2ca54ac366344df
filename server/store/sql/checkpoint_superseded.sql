-- What a job need not keep any more since it has this checkpoint. No row: nothing.
-- $1 job  $2 manifest
SELECT job, manifest, sha256 FROM checkpoint_blobs WHERE job = $1 AND manifest <> $2 LIMIT 512;

-- Note what became of a request. No row: it was noted before.
-- $1 request  $2 seq, 0 when refused  $3 refusal, empty when done
UPDATE operator_requests SET done_at = now(), seq = nullif($2, 0), refusal = nullif($3, '')
WHERE request = $1 AND done_at IS NULL;

-- Name and key of the log. No row: init has not made them.
SELECT origin, public_key FROM log_identity;

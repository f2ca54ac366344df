-- One payout. No row: unknown, or not this account's.
-- $1 payout  $2 account
SELECT payout, amount, state, at, version FROM payouts WHERE payout = $1 AND account = $2;

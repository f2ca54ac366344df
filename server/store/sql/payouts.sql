-- A page of an account's payouts, newest first. No row: there are no more.
-- $1 account  $2 only payouts below this number  $3 how many
SELECT payout, amount, state, at, version FROM payouts WHERE account = $1 AND payout < $2
ORDER BY payout DESC LIMIT $3;

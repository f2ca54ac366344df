-- The members of a team but for its leader. No row: there are none.
-- $1 account that leads it  $2 how many
SELECT s.account, a.at, s.quota
FROM standings s JOIN accounts a ON a.account = s.account
WHERE s.team = $1 AND s.team <> 0 ORDER BY s.account LIMIT $2;

-- What the market knows of an account beside its money. No row: there is no such account.
-- $1 account
SELECT a.account, a.at, coalesce(s.tier, 0) AS tier, coalesce(s.team, 0) AS team, t.at AS team_at,
       coalesce(s.quota, 0) AS quota, coalesce(s.invited_by, 0) AS invited_by, i.at AS invited_by_at,
       coalesce(s.invited_quota, 0) AS invited_quota
FROM accounts a LEFT JOIN standings s ON s.account = a.account
LEFT JOIN accounts t ON t.account = s.team
LEFT JOIN accounts i ON i.account = s.invited_by
WHERE a.account = $1;

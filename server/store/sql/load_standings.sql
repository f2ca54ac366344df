-- All standings; the accounts that have none have no row.
SELECT account, tier, team, quota, invited_by, invited_quota FROM standings;

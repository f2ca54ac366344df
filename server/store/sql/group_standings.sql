-- Standings that changed in the group, or began.
-- $1 account  $2 tier  $3 team  $4 quota  $5 invited_by  $6 invited_quota
INSERT INTO standings (account, tier, team, quota, invited_by, invited_quota)
SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::bigint[]),
       unnest($5::bigint[]), unnest($6::bigint[])
ON CONFLICT (account) DO UPDATE SET tier = excluded.tier, team = excluded.team, quota = excluded.quota,
                                    invited_by = excluded.invited_by, invited_quota = excluded.invited_quota;

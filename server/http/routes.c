/* SPDX-License-Identifier: Apache-2.0 */
/* THE table: what is served, to whom, by which handler. A row without a scope is open to everybody
 * or, for agents, to whoever signs with a node's key. HEAD is served wherever GET is, OPTIONS
 * everywhere. */
#include "http/handlers.h"

/* clang-format off */
const struct route api_routes[] = {
    { "GET", "/livez", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_livez, NULL, "get_livez" },
    { "GET", "/readyz", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_readyz, NULL, "get_readyz" },
    { "GET", "/.well-known/bourse", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE, get_well_known, NULL, "get_well_known" },
    { "GET", "/openapi.yaml", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_openapi_yaml, NULL, "get_openapi_yaml" },
    { "GET", "/openapi.json", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_openapi_json, NULL, "get_openapi_json" },
    { "GET", "/problems/{name}", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_problem, NULL, "get_problem" },
    { "GET", "/", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_page_home, NULL, "get_page_home" },
    { "GET", "/market", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_page_market, NULL, "get_page_market" },
    { "GET", "/jobs", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_page_jobs, NULL, "get_page_jobs" },
    { "GET", "/jobs/{page}", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_page_job, NULL, "get_page_job" },
    { "GET", "/earn", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_page_earn, NULL, "get_page_earn" },
    { "GET", "/signin", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_page_signin, NULL, "get_page_signin" },
    { "GET", "/static/{file}", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS | ROUTE_REST, get_static, NULL, "get_static" },
    { "GET", "/v1/pools", AUTH_NONE, SCOPE_NONE, 0, get_pools, NULL, "get_pools" },
    { "GET", "/v1/pools/{pool}", AUTH_NONE, SCOPE_NONE, 0, get_pool, NULL, "get_pool" },
    { "GET", "/v1/pools/{pool}/depth", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE, get_pool_depth, NULL, "get_pool_depth" },
    { "GET", "/v1/trades", AUTH_NONE, SCOPE_NONE, 0, get_trades, NULL, "get_trades" },
    { "POST", "/v1/session/challenges", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE, post_session_challenges, post_session_challenges_fields, "post_session_challenges" },
    { "POST", "/v1/session/tokens", AUTH_NONE, SCOPE_NONE, 0, post_session_tokens, post_session_tokens_fields, "post_session_tokens" },
    { "POST", "/v1/session/recoveries", AUTH_NONE, SCOPE_NONE, 0, post_session_recoveries, post_session_recoveries_fields, "post_session_recoveries" },
    { "POST", "/v1/session", AUTH_NONE, SCOPE_NONE, 0, post_session, post_session_fields, "post_session" },
    { "DELETE", "/v1/session", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE, delete_session, NULL, "delete_session" },
    { "GET", "/v1/account", AUTH_ACCOUNT, SCOPE_READ, 0, get_account, NULL, "get_account" },
    { "GET", "/v1/account/keys", AUTH_ACCOUNT, SCOPE_KEYS, 0, get_account_keys, NULL, "get_account_keys" },
    { "POST", "/v1/account/keys", AUTH_ACCOUNT, SCOPE_KEYS, 0, post_account_keys, post_account_keys_fields, "post_account_keys" },
    { "GET", "/v1/api-keys", AUTH_ACCOUNT, SCOPE_KEYS, 0, get_api_keys, NULL, "get_api_keys" },
    { "POST", "/v1/api-keys", AUTH_ACCOUNT, SCOPE_KEYS, 0, post_api_keys, post_api_keys_fields, "post_api_keys" },
    { "DELETE", "/v1/api-keys/{key_id}", AUTH_ACCOUNT, SCOPE_KEYS, 0, delete_api_key, NULL, "delete_api_key" },
    { "GET", "/v1/postings", AUTH_ACCOUNT, SCOPE_READ, 0, get_postings, NULL, "get_postings" },
    { "GET", "/v1/jobs", AUTH_ACCOUNT, SCOPE_READ, 0, get_jobs, NULL, "get_jobs" },
    { "POST", "/v1/jobs", AUTH_ACCOUNT, SCOPE_TRADE, ROUTE_INLINE | ROUTE_IDEM_KEY, post_jobs, post_jobs_fields, "post_jobs" },
    { "GET", "/v1/jobs/{job_id}", AUTH_ACCOUNT, SCOPE_READ, 0, get_job, NULL, "get_job" },
    { "POST", "/v1/jobs/{job_id}/cancel", AUTH_ACCOUNT, SCOPE_TRADE, 0, post_job_cancel, NULL, "post_job_cancel" },
    { "GET", "/v1/jobs/{job_id}/log", AUTH_ACCOUNT, SCOPE_READ, 0, get_job_log, NULL, "get_job_log" },
    { "GET", "/v1/jobs/{job_id}/outputs", AUTH_ACCOUNT, SCOPE_READ, 0, get_job_outputs, NULL, "get_job_outputs" },
    { "GET", "/v1/jobs/{job_id}/receipt", AUTH_ACCOUNT, SCOPE_READ, 0, get_job_receipt, NULL, "get_job_receipt" },
    { "GET", "/v1/bids", AUTH_ACCOUNT, SCOPE_READ, 0, get_bids, NULL, "get_bids" },
    { "GET", "/v1/bids/{bid_id}", AUTH_ACCOUNT, SCOPE_READ, 0, get_bid, NULL, "get_bid" },
    { "PATCH", "/v1/bids/{bid_id}", AUTH_ACCOUNT, SCOPE_TRADE, 0, patch_bid, patch_bid_fields, "patch_bid" },
    { "POST", "/v1/bids/{bid_id}/cancel", AUTH_ACCOUNT, SCOPE_TRADE, 0, post_bid_cancel, NULL, "post_bid_cancel" },
    { "GET", "/v1/blobs/{sha256}", AUTH_ACCOUNT, SCOPE_READ, 0, get_blob, NULL, "get_blob" },
    { "HEAD", "/v1/blobs/{sha256}", AUTH_ACCOUNT, SCOPE_READ, 0, head_blob, NULL, "head_blob" },
    { "PUT", "/v1/blobs/{sha256}", AUTH_ACCOUNT, SCOPE_TRADE, ROUTE_BLOB_BODY, put_blob, NULL, "put_blob" },
    { "DELETE", "/v1/blobs/{sha256}", AUTH_ACCOUNT, SCOPE_TRADE, 0, delete_blob, NULL, "delete_blob" },
    { "POST", "/v1/join-tokens", AUTH_ACCOUNT, SCOPE_PROVIDER, 0, post_join_tokens, post_join_tokens_fields, "post_join_tokens" },
    { "GET", "/v1/nodes", AUTH_ACCOUNT, SCOPE_READ, 0, get_nodes, NULL, "get_nodes" },
    { "GET", "/v1/nodes/{node_id}", AUTH_ACCOUNT, SCOPE_READ, 0, get_node, NULL, "get_node" },
    { "GET", "/v1/asks", AUTH_ACCOUNT, SCOPE_READ, 0, get_asks, NULL, "get_asks" },
    { "POST", "/v1/asks", AUTH_ACCOUNT, SCOPE_PROVIDER, ROUTE_IDEM_KEY, post_asks, post_asks_fields, "post_asks" },
    { "GET", "/v1/asks/{ask_id}", AUTH_ACCOUNT, SCOPE_READ, 0, get_ask, NULL, "get_ask" },
    { "PATCH", "/v1/asks/{ask_id}", AUTH_ACCOUNT, SCOPE_PROVIDER, 0, patch_ask, patch_ask_fields, "patch_ask" },
    { "POST", "/v1/asks/{ask_id}/cancel", AUTH_ACCOUNT, SCOPE_PROVIDER, 0, post_ask_cancel, NULL, "post_ask_cancel" },
    { "GET", "/v1/leases", AUTH_ACCOUNT, SCOPE_READ, 0, get_leases, NULL, "get_leases" },
    { "GET", "/v1/leases/{lease_id}", AUTH_ACCOUNT, SCOPE_READ, 0, get_lease, NULL, "get_lease" },
    { "GET", "/v1/leases/{lease_id}/receipt", AUTH_ACCOUNT, SCOPE_READ, 0, get_lease_receipt, NULL, "get_lease_receipt" },
    { "GET", "/v1/payouts", AUTH_ACCOUNT, SCOPE_READ, 0, get_payouts, NULL, "get_payouts" },
    { "POST", "/v1/payouts", AUTH_ACCOUNT, SCOPE_PROVIDER, ROUTE_INLINE | ROUTE_IDEM_KEY, post_payouts, post_payouts_fields, "post_payouts" },
    { "GET", "/v1/payouts/{payout_id}", AUTH_ACCOUNT, SCOPE_READ, 0, get_payout, NULL, "get_payout" },
};

const struct route agent_routes[] = {
    { "POST", "/v1/agent/join", AUTH_AGENT, SCOPE_NONE, ROUTE_SIGNED_BY_BODY, post_agent_join, post_agent_join_fields, "post_agent_join" },
    { "PUT", "/v1/agent/node", AUTH_AGENT, SCOPE_NONE, 0, put_agent_node, put_agent_node_fields, "put_agent_node" },
    { "GET", "/v1/agent/asks", AUTH_AGENT, SCOPE_NONE, 0, get_agent_asks, NULL, "get_agent_asks" },
    { "POST", "/v1/agent/asks", AUTH_AGENT, SCOPE_NONE, ROUTE_IDEM_KEY, post_agent_asks, post_agent_asks_fields, "post_agent_asks" },
    { "PATCH", "/v1/agent/asks/{ask_id}", AUTH_AGENT, SCOPE_NONE, 0, patch_agent_ask, patch_agent_ask_fields, "patch_agent_ask" },
    { "POST", "/v1/agent/asks/{ask_id}/cancel", AUTH_AGENT, SCOPE_NONE, 0, post_agent_ask_cancel, NULL, "post_agent_ask_cancel" },
    { "GET", "/v1/agent/assignments", AUTH_AGENT, SCOPE_NONE, 0, get_agent_assignments, NULL, "get_agent_assignments" },
    { "POST", "/v1/agent/leases/{lease_id}/accept", AUTH_AGENT, SCOPE_NONE, 0, post_agent_lease_accept, post_agent_lease_accept_fields, "post_agent_lease_accept" },
    { "POST", "/v1/agent/leases/{lease_id}/decline", AUTH_AGENT, SCOPE_NONE, 0, post_agent_lease_decline, post_agent_lease_decline_fields, "post_agent_lease_decline" },
    { "POST", "/v1/agent/leases/{lease_id}/ready", AUTH_AGENT, SCOPE_NONE, 0, post_agent_lease_ready, post_agent_lease_ready_fields, "post_agent_lease_ready" },
    { "POST", "/v1/agent/leases/{lease_id}/cannot-start", AUTH_AGENT, SCOPE_NONE, 0, post_agent_lease_cannot_start, post_agent_lease_cannot_start_fields, "post_agent_lease_cannot_start" },
    { "POST", "/v1/agent/leases/{lease_id}/exit", AUTH_AGENT, SCOPE_NONE, 0, post_agent_lease_exit, post_agent_lease_exit_fields, "post_agent_lease_exit" },
    { "PUT", "/v1/agent/leases/{lease_id}/log/{n}", AUTH_AGENT, SCOPE_NONE, ROUTE_RAW_BODY, put_agent_lease_log, NULL, "put_agent_lease_log" },
    { "POST", "/v1/agent/heartbeat", AUTH_AGENT, SCOPE_NONE, 0, post_agent_heartbeat, post_agent_heartbeat_fields, "post_agent_heartbeat" },
    { "GET", "/v1/agent/blobs/{sha256}", AUTH_AGENT, SCOPE_NONE, 0, get_agent_blob, NULL, "get_agent_blob" },
    { "HEAD", "/v1/agent/blobs/{sha256}", AUTH_AGENT, SCOPE_NONE, 0, head_agent_blob, NULL, "head_agent_blob" },
    { "PUT", "/v1/agent/blobs/{sha256}", AUTH_AGENT, SCOPE_NONE, ROUTE_BLOB_BODY, put_agent_blob, NULL, "put_agent_blob" },
    { "GET", "/livez", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_livez, NULL, "get_livez" },
    { "GET", "/readyz", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_readyz, NULL, "get_readyz" },
    { "GET", "/.well-known/bourse", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE, get_well_known, NULL, "get_well_known" },
};

const struct route metrics_routes[] = {
    { "GET", "/livez", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_livez, NULL, "get_livez" },
    { "GET", "/readyz", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_readyz, NULL, "get_readyz" },
    { "GET", "/metrics", AUTH_NONE, SCOPE_NONE, ROUTE_INLINE | ROUTE_ALWAYS, get_metrics, NULL, "get_metrics" },
};
/* clang-format on */

const size_t api_routes_n = ARRAY_LEN(api_routes);
const size_t agent_routes_n = ARRAY_LEN(agent_routes);
const size_t metrics_routes_n = ARRAY_LEN(metrics_routes);

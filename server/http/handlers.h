/* SPDX-License-Identifier: Apache-2.0 */
/* All handlers, by the operationId of openapi.yaml, and the tables of their bodies. Each is told
 * about where it is defined; what calls them is THE table in routes.c. */
#pragma once

#include "http/http.h"

handler_fn get_livez, get_readyz, get_well_known, get_openapi_yaml, get_openapi_json, get_problem,
    get_page_home, get_page_market, get_page_jobs, get_page_job, get_page_earn, get_page_signin,
    get_static, get_pools, get_pool, get_pool_depth, get_stream, get_pool_index, get_pool_candles,
    get_pool_trades, get_trades, post_session_challenges, post_session_tokens,
    post_session_recoveries, post_session, delete_session, get_account, get_account_keys,
    post_account_keys, get_api_keys, post_api_keys, delete_api_key, get_postings, get_jobs,
    post_jobs, get_job, post_job_cancel, get_job_log, get_job_outputs, get_job_receipt, get_bids,
    get_bid, patch_bid, post_bid_cancel, get_blob, head_blob, put_blob, delete_blob,
    post_join_tokens, get_nodes, get_node, post_node_drain, post_node_undrain, post_agent_drain,
    post_agent_undrain, put_agent_doctor, get_install_sh, get_download, get_asks, post_asks,
    get_ask, get_ask_prices, patch_ask, post_ask_cancel, get_leases, get_lease, get_lease_receipt,
    get_lease_proof, get_log_checkpoint, get_log_tile, get_log_orders, get_payouts, post_payouts,
    get_payout, post_agent_join, put_agent_node, get_agent_asks, post_agent_asks, patch_agent_ask,
    get_agent_pool, post_agent_ask_cancel, get_agent_assignments, post_agent_lease_accept,
    post_agent_lease_decline, post_agent_lease_prepared, post_agent_lease_ready,
    post_agent_lease_cannot_start, post_agent_lease_exit, post_agent_lease_checkpoint,
    post_job_checkpoint, put_agent_lease_log, post_agent_heartbeat, post_agent_offer, get_team,
    post_team_invitations, post_team_join, post_team_leave, get_bid_explain, get_job_explain,
    post_quotes, get_agent_blob, head_agent_blob, put_agent_blob, get_metrics, get_registry_logins,
    put_registry_login, delete_registry_login, post_agent_lease_registry_login, get_lease_flows,
    put_agent_lease_flows;

extern const struct json_field put_registry_login_fields[], put_agent_lease_flows_fields[],
    post_agent_lease_registry_login_fields[], post_session_challenges_fields[],
    post_session_tokens_fields[], post_session_recoveries_fields[], post_session_fields[],
    post_account_keys_fields[], post_api_keys_fields[], post_jobs_fields[], post_quotes_fields[],
    patch_bid_fields[], post_join_tokens_fields[], post_node_drain_fields[],
    post_agent_drain_fields[], put_agent_doctor_fields[], post_asks_fields[], patch_ask_fields[],
    post_payouts_fields[], post_agent_join_fields[], put_agent_node_fields[],
    post_agent_asks_fields[], patch_agent_ask_fields[], post_agent_lease_accept_fields[],
    post_agent_lease_decline_fields[], post_agent_lease_prepared_fields[],
    post_agent_lease_ready_fields[], post_agent_lease_cannot_start_fields[],
    post_agent_lease_exit_fields[], post_agent_lease_checkpoint_fields[],
    post_agent_heartbeat_fields[], post_agent_offer_fields[], post_team_invitations_fields[],
    post_team_join_fields[];

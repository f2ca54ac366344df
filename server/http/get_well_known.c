/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "http/handlers.h"
#include "service/info.h"

/* The name of the public log: the address without its scheme, as C2SP's tlog-checkpoint wants it.
 */
static const char *origin(const char *public_url)
{
    const char *slashes = strstr(public_url, "://");
    return slashes ? slashes + 3 : public_url;
}

/* GET /.well-known/bourse: who this market is; what agents pin and clients verify with. */
void get_well_known(struct req *rq)
{
    const struct market_info *i = rq->svc->info;
    char key[45];
    const struct public_key public = key_public(i->key);
    public_key_text(&public, key);
    reply_json(rq, 200,
               json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s}", "market_id", i->market_id,
                         "public_key", key, "origin", origin(i->public_url), "public_url",
                         i->public_url, "agent_url", i->agent_url, "version", i->version,
                         "currency", "USD", "fee_bps", (int)i->rules.fee_bps, "min_agent_version",
                         i->min_agent_version));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "http/handlers.h"
#include "service/info.h"

/* GET /.well-known/bourse: who this market is; what agents pin and clients verify with. */
void get_well_known(struct req *rq)
{
    const struct market_info *i = rq->svc->info;
    char key[45], seal_key[45], seal_signature[89], log[NOTE_VKEY_MAX];
    const struct public_key public = key_public(i->key);
    public_key_text(&public, key);
    seal_public_text(&i->seal->public, seal_key);
    const struct signature s = key_sign_tagged(i->key, TAG_SEAL_KEY, str_of(seal_key));
    signature_text(&s, seal_signature);
    note_key_text(&i->log, log);
    reply_json(rq, 200,
               json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s}",
                         "market_id", i->market_id, "public_key", key, "seal_key", seal_key,
                         "seal_key_signature", seal_signature, "origin", i->log.name,
                         "log_verifier_key", log, "public_url", i->public_url, "agent_url",
                         i->agent_url, "version", i->version, "currency", "USD", "fee_bps",
                         (int)i->rules.fee_bps, "min_agent_version", i->min_agent_version));
}

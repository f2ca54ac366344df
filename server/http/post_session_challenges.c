/* SPDX-License-Identifier: Apache-2.0 */
#include "http/handlers.h"

struct challenge_body {
    struct public_key key;
};

const struct json_field post_session_challenges_fields[] = {
    JSON_BASE64(struct challenge_body, key, "public_key", JSON_NEED, PUBLIC_KEY_SIZE,
                "An Ed25519 public key, 32 bytes in base64."),
    JSON_END,
};

/* POST /v1/session/challenges: a text to sign. Nothing is looked up, so the answer tells nobody
 * whether the key is known, neither by what it says nor by how long it takes. */
void post_session_challenges(struct req *rq)
{
    struct challenge_body body;
    struct challenge c;
    char id[ID_TEXT_MAX];

    if (!req_json(rq, &body)) return;
    if (!auth_challenge(rq->svc->auth, &body.key, clock_wall_us(), &c, &rq->err)) {
        reply_problem(rq);
        return;
    }
    id_format("chal_", c.id, id);
    reply_json(rq, 201,
               json_pack("{s:s,s:s,s:s,s:o}", "challenge_id", id, "nonce", c.nonce, "message",
                         c.message, "expires_at", json_time(c.expires_us)));
}

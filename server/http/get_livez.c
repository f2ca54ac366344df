/* SPDX-License-Identifier: Apache-2.0 */
#include "http/handlers.h"

/* GET /livez: the process runs and answers. Looks at nothing else. */
void get_livez(struct req *rq)
{
    reply_json(rq, 200, json_pack("{s:s}", "status", "ok"));
}

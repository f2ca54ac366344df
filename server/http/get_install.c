/* SPDX-License-Identifier: Apache-2.0 */
/* How a machine joins with one command: the script, and what it fetches. */
#include "http/downloads.h"
#include "http/handlers.h"
#include "http/inside.h"

static bool has_downloads(struct req *rq)
{
    if (rq->svc->downloads) return true;
    reply_refusal(rq, ERR_NOT_FOUND,
                  "This market hands out no agent: its operator has given no --downloads.");
    return false;
}

/* GET /install.sh: POSIX sh, for curl … | sh. */
void get_install_sh(struct req *rq)
{
    if (!has_downloads(rq)) return;
    reply_header(rq, "Cache-Control", "no-cache");
    reply_static(rq, MHD_HTTP_OK, "text/x-shellscript; charset=utf-8",
                 downloads_script(rq->svc->downloads));
}

/* GET /downloads/{name}: the agent for one processor; the script knows its sum. */
void get_download(struct req *rq)
{
    if (!has_downloads(rq)) return;
    const struct str bytes = downloads_find(rq->svc->downloads, rq->param[0]);
    if (!bytes.p) {
        reply_refusal(rq, ERR_NOT_FOUND, "There is no agent of this name for download.");
        return;
    }
    reply_header(rq, "Cache-Control", "no-cache");
    reply_static(rq, MHD_HTTP_OK, "application/octet-stream", bytes);
}

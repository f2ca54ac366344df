/* SPDX-License-Identifier: Apache-2.0 */
/* The network of a lease, from its container's making to the summary of what it did. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/log.h"
#include "service/agent.h"

#define FLOWS_MAX (256 << 10)

bool lease_has_network(const struct lease *l)
{
    return !str_is(l->what.egress, "none");
}

bool lease_open_network(struct lease *l, struct net_place *out, struct err *err)
{
    const struct net_port *net = &l->agent->net;
    const struct net_spec spec = { l->name, l->what.egress, l->what.allow };
    if (!net->ops) return FAIL(err, ERR_WRONG_STATE, "This machine gives leases no network now.");
    return net->ops->open(net->self, &spec, out, err);
}

void lease_keep_flows(struct lease *l)
{
    const struct net_port *net = &l->agent->net;
    char dir[PATH_MAX], path[PATH_MAX];
    auto_buf struct buf text = { .max = FLOWS_MAX };
    struct err err;
    if (!lease_has_network(l) || !net->ops) return;
    const int n = snprintf(dir, sizeof(dir), "%s/flows", l->agent->dir);
    const int m = snprintf(path, sizeof(path), "%s/flows/%s-%" PRId64 ".json", l->agent->dir,
                           l->lease_id, l->what.epoch);
    if (n < 0 || m < 0 || m >= PATH_MAX) return;
    if (!net->ops->flows(net->self, l->name, &text, &err) || !dir_make(dir, &err) ||
        !file_write(path, buf_view(&text), 0600, &err))
        log_err(LOG_ERROR, "flows.not_kept", &err);
}

void lease_close_network(struct lease *l)
{
    const struct net_port *net = &l->agent->net;
    if (lease_has_network(l) && net->ops) net->ops->close(net->self, l->name);
}

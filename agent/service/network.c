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
    if (!agent_gives_networks(l->agent))
        return FAIL(err, ERR_WRONG_STATE, "This machine gives leases no network now.");
    return net->ops->open(net->self, &spec, out, err);
}

static bool flows_path(const struct lease *l, char out[PATH_MAX])
{
    const int n = snprintf(out, PATH_MAX, "%s/flows/%s-%" PRId64 ".json", l->agent->dir,
                           l->lease_id, l->what.epoch);
    return n > 0 && n < PATH_MAX;
}

void lease_keep_flows(struct lease *l)
{
    const struct net_port *net = &l->agent->net;
    char dir[PATH_MAX], path[PATH_MAX];
    auto_buf struct buf text = { .max = FLOWS_MAX };
    struct err err;
    if (!lease_has_network(l) || !net->ops || !flows_path(l, path)) return;
    snprintf(dir, sizeof(dir), "%s/flows", l->agent->dir);
    if (!net->ops->flows(net->self, l->name, &text, &err) || !dir_make(dir, &err) ||
        !file_write(path, buf_view(&text), 0600, &err))
        log_err(LOG_ERROR, "flows.not_kept", &err);
}

enum link_result lease_tell_flows(struct lease *l, struct err *err)
{
    const struct link *m = &l->agent->market;
    char path[PATH_MAX];
    auto_buf struct buf text = { .max = FLOWS_MAX };
    struct err none;
    if (!lease_has_network(l) || !flows_path(l, path) || !file_read(path, FLOWS_MAX, &text, &none))
        return LINK_DONE; /* there is nothing to tell */
    return m->ops->flows_put(m->self, l->what.lease_id, buf_view(&text), err);
}

void lease_close_network(struct lease *l)
{
    const struct net_port *net = &l->agent->net;
    if (lease_has_network(l) && net->ops) net->ops->close(net->self, l->name);
}

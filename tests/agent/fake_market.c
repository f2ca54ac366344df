/* SPDX-License-Identifier: Apache-2.0 */
/* The market of the fake world: it keeps the lease table, and notes what no agent may do. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "sign/checkpoint.h"
#include "sign/receipt.h"
#include "sign/sha.h"
#include "tests/agent/fake_ports.h"

#define STEP_US 2000

/* Enter; false: the market cannot be reached (and the call is over). */
static bool enter(struct fake_world *w, struct err *err)
{
    fake_enter(w);
    if (!w->market.unreachable && !fake_is_interrupted()) return true;
    fake_leave(w);
    return FAIL(err, ERR_IO, "No answer came.");
}

static enum link_result leave(struct fake_world *w, enum link_result r, struct err *err)
{
    fake_leave(w);
    if (r != LINK_DONE) FAIL(err, ERR_WRONG_STATE, "The market says no.");
    return r;
}

static struct fake_lease *find(struct fake_world *w, struct str lease_id, int64_t epoch)
{
    for (size_t i = 0; i < w->market.leases_n; i++) {
        struct fake_lease *l = &w->market.leases[i];
        if (str_is(lease_id, l->lease_id) && l->epoch == epoch && !l->forgotten) return l;
    }
    return NULL;
}

/* The same event again, after its effect, changes nothing. */
static enum link_result happen(struct fake_lease *l, enum lease_event event, enum lease_state after)
{
    enum lease_state next;
    if (l->state == after) return LINK_DONE;
    if (!lease_next(l->state, event, &next)) return LINK_STALE;
    l->state = next;
    return LINK_DONE;
}

static enum link_result join(void *self, struct str token, struct str public_key,
                             const struct node_report *report, struct arena *a, struct joined *out,
                             struct err *err)
{
    struct fake_world *w = self;
    char text[45];
    (void)token;
    (void)report;
    (void)public_key;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    const struct public_key key = key_public(w->market_key);
    public_key_text(&key, text);
    const char *copy = arena_copy(a, str_of(text));
    *out = (struct joined){
        w->identity.trust.node_id, STR("acct_x"), w->identity.trust.market_id, str_of(copy), 90, 20
    };
    return leave(w, LINK_DONE, err);
}

static enum link_result put_node(void *self, const struct node_report *report, struct err *err)
{
    struct fake_world *w = self;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    w->market.nodes_put++;
    if (report->inventory.share.cpu_millis <= 0) fake_break(w, "an inventory of nothing");
    return leave(w, LINK_DONE, err);
}

/* ---- asks --------------------------------------------------------------------------------------
 */

/* Units under a lease; of an ask with one unit at most that one. */
static int64_t units_let(const struct fake_world *w)
{
    int64_t n = 0;
    for (size_t i = 0; i < w->market.leases_n; i++)
        n += w->market.leases[i].state <= LEASE_STOPPING;
    return n > 0 ? 1 : 0;
}

static enum link_result asks_list(void *self, struct arena *a, struct ask_seen *out, size_t room,
                                  size_t *n, struct err *err)
{
    struct fake_world *w = self;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    *n = 0;
    for (size_t i = 0; i < w->market.asks_n && *n < room; i++) {
        const struct fake_ask *ask = &w->market.asks[i];
        if (!ask->open) continue;
        out[(*n)++] = (struct ask_seen){ .ask_id = str_of(arena_copy(a, str_of(ask->ask_id))),
                                         .pool = str_of(arena_copy(a, str_of(ask->pool))),
                                         .price_micros = ask->price_micros,
                                         .floor_micros = ask->floor_micros,
                                         .units = ask->units,
                                         .min_lease_seconds = 60,
                                         .max_lease_seconds = 86400,
                                         .units_free = ask->units - units_let(w),
                                         .policy = ask->policy };
    }
    return leave(w, LINK_DONE, err);
}

static enum link_result ask_place(void *self, const char *key, const struct offer *o,
                                  int64_t *wait_s, struct err *err)
{
    struct fake_world *w = self;
    *wait_s = 0;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    if (w->market.asks_n == FAKE_ASKS || key[0] == '\0') return leave(w, LINK_REFUSED, err);
    struct fake_ask *ask = &w->market.asks[w->market.asks_n++];
    snprintf(ask->ask_id, sizeof(ask->ask_id), "ask_%zu", w->market.asks_n);
    snprintf(ask->pool, sizeof(ask->pool), "%.*s", (int)o->pool.n, o->pool.p);
    ask->open = true;
    ask->price_micros = o->price_micros;
    ask->floor_micros = o->floor_micros;
    ask->units = o->units;
    ask->policy = o->policy;
    ask->changed_us = clock_boot_us();
    return leave(w, LINK_DONE, err);
}

static struct fake_ask *find_ask(struct fake_world *w, struct str ask_id)
{
    for (size_t i = 0; i < w->market.asks_n; i++)
        if (str_is(ask_id, w->market.asks[i].ask_id)) return &w->market.asks[i];
    return NULL;
}

/* What no agent may do with a price. */
static void check_price(struct fake_world *w, const struct fake_ask *ask, int64_t price)
{
    if (price < ask->floor_micros) fake_break(w, "a price below the floor");
    if (price % w->market.pool.tick_micros != 0) fake_break(w, "a price off tick");
}

static enum link_result ask_amend(void *self, struct str ask_id, const struct ask_change *c,
                                  int64_t *wait_s, struct err *err)
{
    struct fake_world *w = self;
    *wait_s = 0;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    struct fake_ask *ask = find_ask(w, ask_id);
    if (!ask) return leave(w, LINK_GONE, err);
    const int64_t now = clock_boot_us();
    if (c->price_micros != ask->price_micros && now - ask->changed_us < w->market.quote_us) {
        w->market.early++;
        *wait_s = 1;
        return leave(w, LINK_STALE, err);
    }
    check_price(w, ask, c->price_micros);
    if (c->price_micros != ask->price_micros && ask->moves_n < FAKE_MOVES) {
        ask->prices[ask->moves_n] = c->price_micros;
        snprintf(ask->reasons[ask->moves_n++], sizeof(ask->reasons[0]), "%.*s", (int)c->reason.n,
                 c->reason.p);
        ask->changed_us = now;
    }
    ask->price_micros = c->price_micros;
    if (c->units > 0) ask->units = c->units;
    return leave(w, LINK_DONE, err);
}

static enum link_result pool_look(void *self, struct str pool, struct pool_seen *out,
                                  struct err *err)
{
    struct fake_world *w = self;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    if (!str_is(pool, "cpu")) return leave(w, LINK_GONE, err);
    *out = w->market.pool;
    return leave(w, LINK_DONE, err);
}

static enum link_result ask_cancel(void *self, struct str ask_id, struct err *err)
{
    struct fake_world *w = self;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    struct fake_ask *ask = find_ask(w, ask_id);
    if (ask) ask->open = false;
    return leave(w, ask ? LINK_DONE : LINK_GONE, err);
}

/* ---- work --------------------------------------------------------------------------------------
 */

static bool is_told(const struct fake_lease *l, int64_t after)
{
    if (l->told_late && l->state == LEASE_FINISHED) return true;
    const bool lives = l->state <= LEASE_STOPPING || l->state == LEASE_PREEMPTED;
    return !l->forgotten && lives && (after == 0 || l->sequence > after);
}

static bool any_told(const struct fake_world *w, int64_t after)
{
    bool any = false;
    for (size_t i = 0; i < w->market.leases_n; i++)
        any = any || is_told(&w->market.leases[i], after);
    return any;
}

/* Wait until there is something; the lock is held before and after. */
static void wait_for_work(struct fake_world *w, int64_t after, int64_t wait_seconds)
{
    const int64_t until = clock_monotonic_us() + wait_seconds * 1000000;
    while (!any_told(w, after) && !w->market.bid_id[0] && clock_monotonic_us() < until &&
           !fake_is_interrupted() && !w->market.unreachable) {
        pthread_mutex_unlock(&w->lock);
        clock_sleep_us(STEP_US);
        pthread_mutex_lock(&w->lock);
    }
}

static enum link_result assignments(void *self, int64_t after, int64_t wait_seconds,
                                    struct arena *a, struct assignments_told *out, struct err *err)
{
    struct fake_world *w = self;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    wait_for_work(w, after, wait_seconds);
    out->v = arena_alloc(a, FAKE_LEASES * sizeof(*out->v));
    out->n = 0;
    out->next = after;
    out->bids = arena_alloc(a, sizeof(*out->bids));
    out->bids_n = w->market.bid_id[0] && w->market.offers == 0 && w->market.asks_n > 0;
    out->bids[0] = w->market.bid;
    out->bids[0].bid_id = str_of(w->market.bid_id);
    for (size_t i = 0; i < w->market.leases_n; i++) {
        const struct fake_lease *l = &w->market.leases[i];
        if (!is_told(l, after)) continue;
        out->v[out->n++] = (struct assignment_told){ str_of(arena_copy(a, str_of(l->document))),
                                                     str_of(arena_copy(a, str_of(l->signature))) };
        if (l->sequence > out->next) out->next = l->sequence;
    }
    return leave(w, LINK_DONE, err);
}

static void fill_brief(const struct fake_lease *l, struct lease_brief *out)
{
    *out = (struct lease_brief){ .max_seconds = 0 };
    snprintf(out->state, sizeof(out->state), "%s", lease_state_names[l->state]);
}

static enum link_result accept_lease(void *self, struct str lease_id, int64_t epoch,
                                     struct str digest, struct lease_brief *out, struct err *err)
{
    struct fake_world *w = self;
    (void)digest;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    struct fake_lease *l = find(w, lease_id, epoch);
    if (!l) return leave(w, LINK_GONE, err);
    l->accepts++;
    if (l->state == LEASE_FINISHED) l->told_late = false;
    /* An accept whose answer was lost comes again when the lease has gone further. */
    enum link_result r = LINK_DONE;
    if (l->state == LEASE_OFFERED) r = happen(l, LEASE_ACCEPT, LEASE_PREPARING);
    if (r == LINK_DONE) fill_brief(l, out);
    return leave(w, r, err);
}

static enum link_result decline(void *self, struct str lease_id, int64_t epoch, struct str detail,
                                struct err *err)
{
    struct fake_world *w = self;
    (void)detail;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    struct fake_lease *l = find(w, lease_id, epoch);
    if (!l) return leave(w, LINK_GONE, err);
    l->declines++;
    return leave(w, happen(l, LEASE_DECLINE, LEASE_VOID), err);
}

/* All of the gang could start once the test lets them. */
static enum link_result prepared(void *self, struct str lease_id, int64_t epoch,
                                 int64_t wait_seconds, struct lease_brief *out, struct err *err)
{
    struct fake_world *w = self;
    (void)wait_seconds;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    struct fake_lease *l = find(w, lease_id, epoch);
    if (!l) return leave(w, LINK_GONE, err);
    l->prepared++;
    const enum link_result r = l->state == LEASE_OFFERED ? LINK_STALE : LINK_DONE;
    if (r == LINK_DONE) fill_brief(l, out);
    if (r == LINK_DONE) out->gathered = l->gathered;
    return leave(w, r, err);
}

/* As the market's: sealed for this lease alone. */
static enum link_result registry_login(void *self, struct str lease_id, int64_t epoch,
                                       const struct seal_public *to, struct arena *a,
                                       struct sealed_login *out, struct err *err)
{
    static const struct login login = { { "user", 4 }, { "pass", 4 } };
    struct fake_world *w = self;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    struct fake_lease *l = find(w, lease_id, epoch);
    if (!l || w->market.no_login) return leave(w, LINK_GONE, err);
    l->logins++;
    const struct login_place place = { .market_id = w->identity.trust.market_id,
                                       .registry = STR("registry.example"),
                                       .lease_id = lease_id,
                                       .epoch = epoch };
    auto_buf struct buf box = { .max = LOGIN_BOX_MAX };
    if (!login_seal(to, &place, &login, &box, err)) fake_break(w, "a login cannot be sealed");
    const char *copy = arena_copy(a, buf_view(&box));
    *out = (struct sealed_login){ place.registry, { copy, box.n } };
    return leave(w, LINK_DONE, err);
}

static enum link_result ready(void *self, struct str lease_id, int64_t epoch, struct str digest,
                              struct lease_brief *out, struct err *err)
{
    struct fake_world *w = self;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    struct fake_lease *l = find(w, lease_id, epoch);
    if (!l) return leave(w, LINK_GONE, err);
    if (digest.n == 0) fake_break(w, "ready without a digest");
    if (l->nodes > 1 && !l->gathered) fake_break(w, "ready before its gang");
    l->readies++;
    const enum link_result r = happen(l, LEASE_READY, LEASE_RUNNING);
    if (r == LINK_DONE) fill_brief(l, out);
    return leave(w, r, err);
}

static enum link_result cannot_start(void *self, struct str lease_id, int64_t epoch,
                                     const struct refusal *why, struct err *err)
{
    struct fake_world *w = self;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    struct fake_lease *l = find(w, lease_id, epoch);
    if (!l) return leave(w, LINK_GONE, err);
    snprintf(l->refused, sizeof(l->refused), "%s %s", why->reason, why->fault);
    return leave(w, happen(l, LEASE_CANNOT_START, LEASE_VOID), err);
}

/* A receipt must be whole, ours, and the same at each try. */
static void check_receipt(struct fake_world *w, struct fake_lease *l, struct str text,
                          struct str signature)
{
    struct err err;
    struct arena a;
    struct receipt r;
    struct signature s;
    const struct public_key key = key_public(w->key);
    arena_init(&a, 1 << 20);
    if (!receipt_parse(text, &a, &r, &err))
        fake_break(w, "a receipt that does not read: %s", err.detail);
    else if (!str_is(r.lease_id, l->lease_id) || r.epoch != l->epoch)
        fake_break(w, "a receipt for another lease");
    if (!signature_parse(signature, &s) || !public_key_verify_tagged(&key, TAG_RECEIPT, text, &s))
        fake_break(w, "a receipt that is not signed");
    if (l->exits > 0 && !str_is(text, l->receipt)) fake_break(w, "a second receipt");
    arena_done(&a);
}

static enum link_result exit_lease(void *self, struct str lease_id, int64_t epoch,
                                   struct str receipt, struct str signature, struct err *err)
{
    struct fake_world *w = self;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    struct fake_lease *l = find(w, lease_id, epoch);
    if (!l) return leave(w, LINK_GONE, err);
    check_receipt(w, l, receipt, signature);
    const enum link_result r = happen(l, LEASE_EXIT, LEASE_FINISHED);
    if (r == LINK_DONE) {
        l->exits++;
        snprintf(l->receipt, sizeof(l->receipt), "%.*s", (int)receipt.n, receipt.p);
    }
    return leave(w, r, err);
}

static enum link_result flows_put(void *self, struct str lease_id, struct str flows,
                                  struct err *err)
{
    struct fake_world *w = self;
    (void)lease_id;
    (void)flows;
    return enter(w, err) ? leave(w, LINK_DONE, err) : LINK_UNREACHABLE;
}

/* ---- heartbeat ---------------------------------------------------------------------------------
 */

static void check_tick(struct fake_world *w, struct fake_lease *l, const struct lease_pulse *p)
{
    struct err err;
    struct arena a;
    struct tick t = { .n = 0 };
    struct signature s;
    const struct public_key key = key_public(w->key);
    if (!p->tick_document.p) return;
    arena_init(&a, 1 << 16);
    if (!tick_parse(p->tick_document, &a, &t, &err) || !signature_parse(p->tick_signature, &s) ||
        !public_key_verify_tagged(&key, TAG_TICK, p->tick_document, &s))
        fake_break(w, "a tick that does not verify");
    if (t.n <= l->ticks) fake_break(w, "tick %d after %d", (int)t.n, (int)l->ticks);
    if (t.seconds < l->tick_seconds) fake_break(w, "a meter that runs backwards");
    l->ticks = t.n;
    l->tick_seconds = t.seconds;
    arena_done(&a);
}

static void add_command(struct pulse_answer *out, const struct lease_pulse *p, enum command_do what)
{
    struct command *c = &out->commands[out->commands_n++];
    *c = (struct command){ .epoch = p->epoch, .what = what, .reason = "cancelled" };
    snprintf(c->lease_id, sizeof(c->lease_id), "%.*s", (int)p->lease_id.n, p->lease_id.p);
}

static void add_displacement(struct pulse_answer *out, const struct lease_pulse *p,
                             int64_t notice_seconds)
{
    add_command(out, p, COMMAND_STOP);
    struct command *c = &out->commands[out->commands_n - 1];
    snprintf(c->reason, sizeof(c->reason), "displaced");
    c->notice_seconds = notice_seconds;
}

static enum link_result heartbeat(void *self, const struct node_pulse *p, struct arena *a,
                                  struct pulse_answer *out, struct err *err)
{
    struct fake_world *w = self;
    const struct lease_pulse *leases = p->leases;
    const size_t n = p->leases_n;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    w->market.heartbeats++;
    *out = (struct pulse_answer){ .lease_seconds = 90 };
    out->commands = arena_alloc(a, COMMANDS_MAX * sizeof(*out->commands));
    for (size_t i = 0; i < n; i++) {
        struct fake_lease *l = find(w, leases[i].lease_id, leases[i].epoch);
        enum lease_state next;
        if (l) check_tick(w, l, &leases[i]);
        if (l && leases[i].fetches) l->image_done = leases[i].image.done_bytes;
        if (l && l->stop && lease_next(l->state, LEASE_CANCEL, &next)) l->state = next;
        if (l && l->displace && lease_next(l->state, LEASE_PREEMPT, &next)) l->state = next;
        if (!l || l->forget || lease_is_final(l->state))
            add_command(out, &leases[i], COMMAND_FORGET);
        else if (l->state == LEASE_STOPPING)
            add_command(out, &leases[i], COMMAND_STOP);
        else if (l->state == LEASE_PREEMPTED)
            add_displacement(out, &leases[i], l->notice_seconds);
    }
    for (size_t i = 0; i < w->market.asks_n; i++)
        out->asks_changed = out->asks_changed || !w->market.asks[i].open;
    return leave(w, LINK_DONE, err);
}

/* ---- bytes -------------------------------------------------------------------------------------
 */

static enum link_result log_put(void *self, struct str lease_id, int64_t chunk,
                                enum log_stream stream, struct str bytes, struct err *err)
{
    struct fake_world *w = self;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    struct fake_lease *l = find(w, lease_id, 1);
    if (!l || chunk >= FAKE_CHUNKS) return leave(w, LINK_GONE, err);
    struct fake_chunk *c = &l->chunks[chunk];
    if (chunk > 0 && !l->chunks[chunk - 1].there) fake_break(w, "chunk %d too early", (int)chunk);
    if (c->there && (c->n != bytes.n || c->stream != stream))
        fake_break(w, "chunk %d comes again with other bytes", (int)chunk);
    if (!c->there) {
        const size_t room = sizeof(l->log) - l->log_n;
        const size_t kept = bytes.n < room ? bytes.n : room;
        memcpy(l->log + l->log_n, bytes.p, kept);
        l->log_n += kept;
    }
    *c = (struct fake_chunk){ true, stream, bytes.n };
    return leave(w, LINK_DONE, err);
}

static enum link_result blob_get(void *self, const char *sha256, int fd, int64_t most,
                                 struct err *err)
{
    struct fake_world *w = self;
    const struct str bytes = fake_archive();
    if (!enter(w, err)) return LINK_UNREACHABLE;
    if (strcmp(sha256, w->market.image_sha) != 0 || (int64_t)bytes.n > most)
        return leave(w, LINK_GONE, err);
    w->market.downloads++;
    if (write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n) fake_break(w, "a blob cannot be written");
    return leave(w, LINK_DONE, err);
}

static enum link_result blob_put(void *self, const char *sha256, int fd, int64_t size,
                                 struct err *err)
{
    struct fake_world *w = self;
    char bytes[4096], sha[SHA_TEXT_SIZE];
    if (!enter(w, err)) return LINK_UNREACHABLE;
    const ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
    sha256_hex((struct str){ bytes, n > 0 ? (size_t)n : 0 }, sha);
    if (n != size || strcmp(sha, sha256) != 0) fake_break(w, "an output of another digest");
    bool known = false;
    for (size_t i = 0; i < w->market.blobs_n; i++)
        known = known || strcmp(w->market.blobs[i], sha256) == 0;
    if (!known && w->market.blobs_n < FAKE_BLOBS)
        memcpy(w->market.blobs[w->market.blobs_n++], sha, sizeof(sha));
    return leave(w, LINK_DONE, err);
}

static enum link_result checkpoint(void *self, struct str lease_id, struct str document,
                                   struct str signature, struct arena *a, bool *kept,
                                   struct str_list *missing, struct err *err)
{
    struct fake_world *w = self;
    struct checkpoint said;
    struct signature s;
    const struct public_key key = key_public(w->key);
    if (!enter(w, err)) return LINK_UNREACHABLE;
    *missing = (struct str_list){ NULL, 0 };
    *kept = false;
    if (!checkpoint_parse(document, a, &said, err) || !signature_parse(signature, &s) ||
        !public_key_verify_tagged(&key, TAG_CHECKPOINT, document, &s) ||
        !str_eq(said.lease_id, lease_id)) {
        fake_break(w, "a checkpoint that is not well signed");
        return leave(w, LINK_REFUSED, err);
    }
    struct str *name = arena_alloc(a, sizeof(*name));
    const char *copy = arena_copy(a, said.manifest_sha256);
    for (size_t i = 0; i < w->market.blobs_n; i++)
        *kept = *kept || str_is(said.manifest_sha256, w->market.blobs[i]);
    if (*kept) w->market.checkpoints++;
    if (!*kept && name && copy) {
        *name = str_of(copy);
        *missing = (struct str_list){ name, 1 };
    }
    return leave(w, LINK_DONE, err);
}

static enum link_result auction_offer(void *self, struct str bid_id, struct str ask_id,
                                      int64_t price_micros, struct err *err)
{
    struct fake_world *w = self;
    if (!enter(w, err)) return LINK_UNREACHABLE;
    if (!str_is(bid_id, w->market.bid_id)) fake_break(w, "an offer for a bid that was not told");
    snprintf(w->market.offered_ask, sizeof(w->market.offered_ask), "%.*s", (int)ask_id.n, ask_id.p);
    w->market.offered_micros = price_micros;
    w->market.offers++;
    return leave(w, LINK_DONE, err);
}

const struct link_ops fake_link_ops = {
    .join = join,
    .put_node = put_node,
    .asks_list = asks_list,
    .ask_place = ask_place,
    .ask_amend = ask_amend,
    .ask_cancel = ask_cancel,
    .pool_look = pool_look,
    .assignments = assignments,
    .auction_offer = auction_offer,
    .accept = accept_lease,
    .decline = decline,
    .prepared = prepared,
    .ready = ready,
    .cannot_start = cannot_start,
    .exit = exit_lease,
    .checkpoint = checkpoint,
    .heartbeat = heartbeat,
    .registry_login = registry_login,
    .log_put = log_put,
    .flows_put = flows_put,
    .blob_get = blob_get,
    .blob_put = blob_put,
    .interrupt = fake_interrupt,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* What people and agents read of a market, on a real database that a real writer filled: one job
 * from its submission to its receipt, seen by its buyer, its provider and a stranger. */
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "service/asof.h"
#include "service/assignment.h"
#include "service/payload.h"
#include "service/receipts.h"
#include "service/view_job.h"
#include "sign/sha.h"
#include "store/agents.h"
#include "store/blobs.h"
#include "store/entries.h"
#include "store/logs.h"
#include "store/ticks.h"
#include "tests/t.h"
#include "tests/writer/market_db.h"
#include "json/json.h"

#define USD    INT64_C(1000000)
#define PRICE  12000
#define IMAGE  "docker.io/library/alpine:3.20"
#define DIGEST "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static struct stage stage;
static struct db *db; /* as the application has it */
static struct db *owner;
static struct arena arena;
static struct err err;
static struct market_info info = { .market_id = "mkt_01m86ch3mge00800000000000g" };
static struct key *market_key, *node_key;
static int64_t buyer, seller, stranger, node, ask_number, bid, lease, next_key = 1000;

/* ---- helpers ---- */

static struct submission tell(struct command c, json_t *more)
{
    struct submission s = { .command = c, .keyed = true, .arena = &arena };

    next_key++;
    memcpy(s.key, &next_key, sizeof(next_key));
    s.payload = payload_make(&c, more, &arena);
    writer_submit_wait(stage.writer, &s);
    if (s.result != SUBMIT_DONE) fprintf(stderr, "%s\n", s.outcome.why);
    CHECK(s.result == SUBMIT_DONE);
    return s;
}

static json_t *blueprint(const char *name)
{
    return json_pack("{s:s, s:s, s:[s, s], s:[], s:{s:s}, s:n, s:[], s:i, s:i, s:i, s:s, s:s, s:s}",
                     "name", name, "image", IMAGE, "command", "echo", "hello", "entrypoint", "env",
                     "SEED", "7", "workdir", "outputs", "cpu_millis", 2000, "memory_bytes", 0,
                     "scratch_bytes", 0, "level", "signed", "kind", "batch", "egress", "none");
}

static struct command lease_command(enum command_kind kind, int64_t account)
{
    struct command c = { .kind = kind, .account = account };

    c.u.lease.lease = lease;
    c.u.lease.epoch = 1;
    return c;
}

/* Takes the reference. */
static const char *text_of(json_t *j)
{
    char *dumped = json_dumps(j, JSON_COMPACT);
    char *kept = arena_copy(&arena, str_of(dumped));

    CHECK(dumped && kept);
    free(dumped);
    json_decref(j);
    return kept;
}

static const char *job_text(const struct job_row *row)
{
    auto_buf struct buf b = { .max = 1 << 16 };

    view_job(&info, row, &b);
    CHECK(!b.failed);
    return arena_copy(&arena, buf_view(&b));
}

static struct job_row job_of(int64_t number, int64_t account)
{
    struct job_row row;

    CHECK_I64(store_read_job(db, number, account, &arena, &row, &err), DB_ONE);
    return row;
}

/* The job as of its command: told at once, told again, and as the rows say it. */
static void same_three_times(const struct submission *s)
{
    struct as_of first, again;
    struct job_row row, later, read = job_of(s->command.seq, s->command.account);

    CHECK(as_of_submission(&info, s, &arena, &first, &err));
    CHECK(as_of_stored(&info, db, s->command.seq, s->command.account, &arena, &again, &err));
    CHECK(job_as_of(&first, &row, &err));
    CHECK(job_as_of(&again, &later, &err));
    const char *told = job_text(&row);
    CHECK_STR(job_text(&later), told);
    CHECK_STR(job_text(&read), told);
    CHECK_STR(text_of(view_trades(&info, again.trades, again.trades_n)),
              text_of(view_trades(&info, first.trades, first.trades_n)));
}

/* ---- orders ---- */

TEST(an_ask_is_told_again_as_it_was_told)
{
    struct as_of first, again;
    struct ask_row row, later, read;

    const struct submission s = tell(ask_of(seller, node, PRICE, 4), NULL);
    ask_number = s.command.seq;
    CHECK(as_of_submission(&info, &s, &arena, &first, &err));
    CHECK(as_of_stored(&info, db, ask_number, seller, &arena, &again, &err));
    CHECK(ask_as_of(&first, &row, &err));
    CHECK(ask_as_of(&again, &later, &err));
    CHECK_I64(store_read_ask(db, ask_number, seller, node, &arena, &read, &err), DB_ONE);
    row.node_at_us = later.node_at_us = read.node_at_us;
    const char *told = text_of(view_ask(&info, &row));
    CHECK_STR(text_of(view_ask(&info, &later)), told);
    CHECK_STR(text_of(view_ask(&info, &read)), told);
}

TEST(asks_of_others_are_not_seen)
{
    struct ask_row row, *rows;
    size_t n;
    const struct ask_query mine = { seller, 0, ORDER_OPEN, INT64_MAX, 10 },
                           closed = { seller, 0, ORDER_CANCELLED, INT64_MAX, 10 },
                           other_node = { seller, node + 1, 0, INT64_MAX, 10 };

    CHECK_I64(store_read_ask(db, ask_number, buyer, 0, &arena, &row, &err), DB_NONE);
    CHECK_I64(store_read_ask(db, ask_number, seller, node + 1, &arena, &row, &err), DB_NONE);
    CHECK_I64(store_list_asks(db, &mine, &arena, &rows, &n, &err), DB_ONE);
    CHECK_I64(n, 1);
    CHECK_I64(store_list_asks(db, &closed, &arena, &rows, &n, &err), DB_NONE);
    CHECK_I64(store_list_asks(db, &other_node, &arena, &rows, &n, &err), DB_NONE);
    CHECK_I64(store_list_asks_told(db, seller, node, clock_wall_us(), &arena, &rows, &n, &err),
              DB_ONE);
    CHECK_I64(n, 1);
}

TEST(a_job_that_rests_is_told_again_as_it_was_told)
{
    const struct submission s = tell(bid_of(buyer, 1000, 1), blueprint("cheap"));

    CHECK_I64(s.trades_n, 0);
    same_three_times(&s);
    CHECK_STR(job_state_names[job_of(s.command.seq, buyer).job], "open");
}

TEST(a_job_that_trades_is_told_again_as_it_was_told)
{
    const struct submission s = tell(bid_of(buyer, 20000, 2), blueprint("nightly"));

    CHECK_I64(s.trades_n, 1);
    bid = s.command.seq;
    lease = s.trades[0].trade;
    same_three_times(&s);
    CHECK_STR(job_state_names[job_of(bid, buyer).job], "placed");
}

TEST(jobs_come_newest_first_page_by_page)
{
    struct job_row *rows;
    size_t n;
    struct job_query q = { buyer, 0, 0, INT64_MAX, 1 };

    CHECK_I64(store_list_jobs(db, &q, &arena, &rows, &n, &err), DB_ONE);
    CHECK_I64(rows[0].bid, bid);
    q.before = rows[0].bid;
    CHECK_I64(store_list_jobs(db, &q, &arena, &rows, &n, &err), DB_ONE);
    CHECK(rows[0].bid < bid);
    q.before = rows[0].bid;
    CHECK_I64(store_list_jobs(db, &q, &arena, &rows, &n, &err), DB_NONE);
    CHECK_I64(n, 0);
}

TEST(jobs_are_found_by_their_state_and_by_that_of_their_bid)
{
    struct job_row *rows;
    size_t n;
    const struct job_query placed = { buyer, JOB_PLACED, 0, INT64_MAX, 10 },
                           filled = { buyer, 0, ORDER_FILLED, INT64_MAX, 10 },
                           failed = { buyer, JOB_FAILED, 0, INT64_MAX, 10 },
                           others = { stranger, 0, 0, INT64_MAX, 10 };

    CHECK_I64(store_list_jobs(db, &placed, &arena, &rows, &n, &err), DB_ONE);
    CHECK_I64(n, 1);
    CHECK_I64(rows[0].bid, bid);
    CHECK_I64(store_list_jobs(db, &filled, &arena, &rows, &n, &err), DB_ONE);
    CHECK_I64(n, 1);
    CHECK_I64(store_list_jobs(db, &failed, &arena, &rows, &n, &err), DB_NONE);
    CHECK_I64(store_list_jobs(db, &others, &arena, &rows, &n, &err), DB_NONE);
}

TEST(a_job_of_another_account_is_not_seen)
{
    struct job_row row;

    CHECK_I64(store_read_job(db, bid, seller, &arena, &row, &err), DB_NONE);
    CHECK_I64(store_read_job(db, bid + 100000, buyer, &arena, &row, &err), DB_NONE);
}

TEST(the_tape_has_the_trade)
{
    struct trade_row *rows;
    size_t n;

    CHECK_I64(store_list_trades(db, 0, INT64_MAX, 10, &arena, &rows, &n, &err), DB_ONE);
    CHECK_I64(n, 1);
    CHECK_I64(rows[0].trade, lease);
    CHECK_I64(rows[0].price, PRICE);
    CHECK(!rows[0].bid_rested);
    CHECK_I64(store_list_trades(db, 1, INT64_MAX, 10, &arena, &rows, &n, &err), DB_ONE);
    CHECK_I64(store_list_trades(db, 2, INT64_MAX, 10, &arena, &rows, &n, &err), DB_NONE);
    CHECK_I64(store_list_trades(db, 1, lease, 10, &arena, &rows, &n, &err), DB_NONE);
}

/* ---- the lease ---- */

static size_t leases_of(int64_t account, enum lease_role role, int64_t state)
{
    struct lease_row *rows;
    size_t n;
    const struct lease_query q = { account, role, state, INT64_MAX, 10 };
    const enum db_rc rc = store_list_leases(db, &q, &arena, &rows, &n, &err);

    CHECK(rc == DB_ONE || rc == DB_NONE);
    return n;
}

TEST(a_lease_is_seen_by_its_two_parties)
{
    struct lease_row row;

    CHECK_I64(store_read_lease(db, lease, buyer, &row, &err), DB_ONE);
    CHECK_I64(store_read_lease(db, lease, seller, &row, &err), DB_ONE);
    CHECK_I64(store_read_lease(db, lease, stranger, &row, &err), DB_NONE);
    CHECK_I64(store_read_lease_of_node(db, lease, node, &row, &err), DB_ONE);
    CHECK_I64(store_read_lease_of_node(db, lease, node + 1, &row, &err), DB_NONE);
    CHECK_I64(leases_of(buyer, ROLE_BUYER, -1), 1);
    CHECK_I64(leases_of(buyer, ROLE_PROVIDER, -1), 0);
    CHECK_I64(leases_of(buyer, ROLE_BOTH, LEASE_OFFERED), 1);
    CHECK_I64(leases_of(buyer, ROLE_BOTH, LEASE_SETTLED), 0);
    CHECK_I64(leases_of(seller, ROLE_PROVIDER, -1), 1);
    CHECK_I64(leases_of(seller, ROLE_BUYER, -1), 0);
    CHECK_I64(leases_of(stranger, ROLE_BOTH, -1), 0);
}

static struct lease_row *assignments(int64_t after, size_t *n)
{
    struct lease_row *rows = NULL;
    const enum db_rc rc = store_list_assignments(db, node, after, 10, &arena, &rows, n, &err);

    CHECK(rc == DB_ONE || rc == DB_NONE);
    return rows;
}

TEST(an_offer_is_an_assignment_signed_by_the_market)
{
    size_t n;
    const struct lease_row *rows = assignments(0, &n);
    struct command_row job;
    struct signature signature;
    const struct public_key key = key_public(market_key);

    CHECK_I64(n, 1);
    CHECK_I64(store_read_command(db, bid, buyer, &arena, &job, &err), DB_ONE);
    const struct resume_from from = { 600, STR("") };
    json_t *o = assignment_make(&info, &rows[0], job.payload, &from, clock_wall_us(), &err);
    CHECK(o != NULL);
    const struct str document = json_get_text(o, "document");
    CHECK(signature_parse(json_get_text(o, "signature"), &signature));
    CHECK(public_key_verify_tagged(&key, TAG_ASSIGNMENT, document, &signature));
    json_t *said = json_parse(document, &err);
    CHECK(str_is(json_get_text(said, "image"), IMAGE));
    CHECK(str_is(json_get_text(said, "pool"), "cpu"));
    int64_t cpu = 0, sequence = 0;
    CHECK(json_get_i64(said, "cpu_millis", 0, INT64_MAX, &cpu));
    CHECK_I64(cpu, 2000);
    CHECK(json_get_i64(said, "sequence", 0, INT64_MAX, &sequence));
    CHECK_I64(sequence, rows[0].version);
    CHECK_I64(json_array_size(json_object_get(said, "command")), 2);
    CHECK(json_is_null(json_object_get(said, "workdir")));
    CHECK_I64(json_object_size(said), 29);
    json_decref(said);
    json_decref(o);
    (void)assignments(rows[0].version, &n);
    CHECK_I64(n, 0);
}

TEST(an_accepted_lease_is_told_at_a_restart_alone)
{
    size_t n;
    const int64_t before = assignments(0, &n)[0].version;

    tell(lease_command(COMMAND_ACCEPT_LEASE, seller), json_pack("{s:n}", "image_digest"));
    (void)assignments(before, &n);
    CHECK_I64(n, 0);
    (void)assignments(0, &n);
    CHECK_I64(n, 1);
}

TEST(the_image_of_a_live_lease_is_a_blob_that_its_node_may_read)
{
    const struct hash digest = sha256(STR("image"));
    const struct blob_asker by_node = { seller, node }, by_account = { seller, 0 },
                            other = { stranger, 0 };
    int64_t size = 0;

    const struct blob_note image = { digest, buyer, ORIGIN_OWN, 5 };

    CHECK_I64(store_put_blob(db, &image, 1000, &err), DB_ONE);
    CHECK_I64(store_read_blob_of_lease(db, &digest, &by_node, STR(IMAGE), &size, &err), DB_ONE);
    CHECK_I64(size, 5);
    CHECK_I64(store_read_blob_of_lease(db, &digest, &by_account, STR(IMAGE), &size, &err), DB_ONE);
    CHECK_I64(store_read_blob_of_lease(db, &digest, &other, STR(IMAGE), &size, &err), DB_NONE);
    CHECK_I64(store_read_blob_of_lease(db, &digest, &by_node, STR("other"), &size, &err), DB_NONE);
}

TEST(the_digest_is_seen_once_the_agent_has_resolved_it)
{
    CHECK(job_of(bid, buyer).image_digest.p == NULL);
    tell(lease_command(COMMAND_LEASE_READY, seller), json_pack("{s:s}", "image_digest", DIGEST));
    const struct job_row row = job_of(bid, buyer);
    CHECK(str_is(row.image_digest, DIGEST));
    CHECK_I64(row.job, JOB_RUNNING);
    CHECK(row.changed >= row.version);
}

TEST(a_tick_rises)
{
    struct tick_row t = {
        .lease = lease, .epoch = 1, .n = 2, .seconds = 20, .document = STR("{}")
    };

    CHECK_I64(store_put_tick(db, &t, &err), DB_ONE);
    CHECK_I64(store_put_tick(db, &t, &err), DB_NONE);
    t.n = 3;
    t.seconds = 10;
    CHECK_I64(store_put_tick(db, &t, &err), DB_NONE);
    t.seconds = 40;
    CHECK_I64(store_put_tick(db, &t, &err), DB_ONE);
}

/* ---- the receipt ---- */

static struct str id_text(const char *prefix, struct id id)
{
    char *text = arena_alloc(&arena, ID_TEXT_MAX);

    id_format(prefix, id, text);
    return str_of(text);
}

static struct str make_receipt(const struct lease_row *l, struct signature *signature)
{
    static struct output outputs[1] = { { .path = { "result.txt", 10 }, .size_bytes = 6 } };
    char key[45], command[65], log[65];
    const struct public_key public = key_public(node_key);
    json_t *about = payload_more(job_of(bid, buyer).payload, &err);

    CHECK(assignment_command_sha256(about, command));
    json_decref(about);
    public_key_text(&public, key);
    sha256_hex(STR(""), log);
    sha256_hex(STR("result"), outputs[0].sha256);
    const struct receipt r = {
        .market_id = str_of(info.market_id),
        .lease_id = id_text("lease_", lease_id_of(l->traded_us, l->lease)),
        .job_id = id_text("job_", id_make(l->bid_at_us, l->bid, 0)),
        .node_id = id_text("node_", id_make(l->node_at_us, l->node, 0)),
        .node_public_key = str_of(key),
        .epoch = 1,
        .image = STR(IMAGE),
        .image_digest = STR(DIGEST),
        .command_sha256 = str_of(command),
        .pool = STR("cpu"),
        .reason = STR("done"),
        .units = l->units,
        .seconds = 0,
        .ready_at_us = l->ready_us,
        .ended_at_us = l->ready_us,
        .log_sha256 = str_of(log),
        .outputs = outputs,
        .outputs_n = 1,
    };
    const struct str text = receipt_text(&r, &arena);
    CHECK(text.p != NULL);
    *signature = key_sign_tagged(node_key, TAG_RECEIPT, text);
    return text;
}

TEST(before_the_exit_there_is_no_receipt_and_no_exit_code)
{
    struct lease_text_row row;
    int64_t number = 0;
    struct lease_row l;

    CHECK_I64(store_read_receipt(db, lease, buyer, &arena, &row, &err), DB_NONE);
    CHECK_I64(store_read_receipt_last(db, bid, &number, &err), DB_NONE);
    CHECK_I64(store_read_lease(db, lease, buyer, &l, &err), DB_ONE);
    json_t *o = view_lease(&info, &l, buyer);
    CHECK(json_is_null(json_object_get(o, "seconds_signed")));
    CHECK(json_is_null(json_object_get(o, "seconds_billed")));
    CHECK(json_is_null(json_object_get(o, "exit_code")));
    CHECK(str_is(json_get_text(o, "role"), "buyer"));
    json_decref(o);
}

TEST(a_receipt_can_be_verified_by_whoever_has_the_markets_key)
{
    struct lease_row l;
    struct signature signature;
    char text[89];
    struct lease_text_row row;
    const struct public_key market = key_public(market_key), agent = key_public(node_key);

    CHECK_I64(store_read_lease(db, lease, seller, &l, &err), DB_ONE);
    const struct str receipt = make_receipt(&l, &signature);
    signature_text(&signature, text);
    struct command c = lease_command(COMMAND_LEASE_EXIT, seller);
    c.u.lease.reason = REASON_DONE;
    tell(c, json_pack("{s:o, s:s}", "receipt", json_text(receipt), "signature", text));

    CHECK_I64(store_read_receipt(db, lease, buyer, &arena, &row, &err), DB_ONE);
    json_t *document = receipt_make(&info, &row, &arena, &err);
    CHECK(document != NULL);
    const bool ok = receipt_document_verify(document, &market, &agent, &err);
    if (!ok) fprintf(stderr, "%s\n", err.detail);
    CHECK(ok);
    const char *first = text_of(document);
    CHECK_STR(text_of(receipt_make(&info, &row, &arena, &err)), first);
    CHECK_I64(store_read_receipt(db, lease, stranger, &arena, &row, &err), DB_NONE);
}

TEST(the_outputs_are_those_of_the_receipt)
{
    struct lease_text_row row;
    int64_t number = 0;

    CHECK_I64(store_read_receipt_last(db, bid, &number, &err), DB_ONE);
    CHECK_I64(number, lease);
    CHECK_I64(store_read_receipt(db, number, buyer, &arena, &row, &err), DB_ONE);
    json_t *o = outputs_make(&row, &arena, &err);
    const json_t *file = json_array_get(json_object_get(o, "data"), 0);
    CHECK(str_is(json_get_text(file, "path"), "result.txt"));
    CHECK_I64(json_get_text(o, "merkle_root").n, 64);
    json_decref(o);
}

TEST(after_the_exit_job_and_lease_say_how_it_ended)
{
    const struct job_row row = job_of(bid, buyer);
    struct lease_row l;

    json_t *o = json_parse(str_of(job_text(&row)), &err);
    CHECK(str_is(json_get_text(o, "state"), "settled"));
    CHECK(str_is(json_get_text(o, "reason"), "done"));
    CHECK(json_is_integer(json_object_get(o, "exit_code")));
    json_decref(o);
    CHECK_I64(store_read_lease(db, lease, seller, &l, &err), DB_ONE);
    o = view_lease(&info, &l, seller);
    CHECK_I64(json_integer_value(json_object_get(o, "seconds_billed")), 60);
    CHECK_I64(json_integer_value(json_object_get(o, "seconds_signed")), 0);
    CHECK(str_is(json_get_text(o, "role"), "provider"));
    json_decref(o);
    CHECK_I64(leases_of(buyer, ROLE_BOTH, LEASE_SETTLED), 1);
    size_t n;
    (void)assignments(0, &n);
    CHECK_I64(n, 0);
}

TEST(the_bytes_of_an_ended_lease_are_not_its_nodes_any_more)
{
    const struct hash digest = sha256(STR("image"));
    const struct blob_asker by_node = { seller, node };
    int64_t size = 0;

    CHECK_I64(store_read_blob_of_lease(db, &digest, &by_node, STR(IMAGE), &size, &err), DB_NONE);
}

/* ---- money ---- */

static int64_t sum_of(const struct entry_line_row *rows, size_t n, int64_t account, int64_t bucket)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        if (rows[i].account == account && rows[i].bucket == bucket) sum += rows[i].amount;
    return sum;
}

TEST(the_entries_of_an_account_add_up_to_its_balance)
{
    struct entry_line_row *rows;
    size_t n;
    const struct entry_query q = { buyer, 0, INT64_MAX, 100 };
    char sql[128];

    CHECK_I64(store_list_entries(db, &q, &arena, &rows, &n, &err), DB_ONE);
    snprintf(sql, sizeof(sql), "SELECT available FROM balances WHERE account = %" PRId64, buyer);
    CHECK_I64(sum_of(rows, n, buyer, 0), market_db_number(db, sql));
    snprintf(sql, sizeof(sql), "SELECT held FROM balances WHERE account = %" PRId64, buyer);
    CHECK_I64(sum_of(rows, n, buyer, 1), market_db_number(db, sql));
}

TEST(the_entries_of_a_job_begin_with_its_submission_and_end_with_its_exit)
{
    struct entry_line_row *rows;
    size_t n;
    const struct entry_query q = { buyer, bid, INT64_MAX, 100 };

    CHECK_I64(store_list_entries(db, &q, &arena, &rows, &n, &err), DB_ONE);
    json_t *list = view_entries(rows, n, buyer);
    CHECK_I64(json_array_size(list), 2);
    const json_t *last = json_array_get(list, 0), *first = json_array_get(list, 1);
    CHECK(str_is(json_get_text(last, "kind"), "lease-exit"));
    CHECK(str_is(json_get_text(first, "kind"), "submit-job"));
    CHECK_I64(json_array_size(json_object_get(first, "lines")), 2);
    json_decref(list);
    CHECK_I64(sum_of(rows, n, buyer, 1), 0);
    CHECK_I64(sum_of(rows, n, buyer, 0) + sum_of(rows, n, seller, 0) + sum_of(rows, n, 2, 0), 0);
}

TEST(a_cancelled_job_has_an_entry_that_gives_back)
{
    struct entry_line_row *rows;
    size_t n;
    const struct submission s = tell(bid_of(buyer, 1000, 1), blueprint("short"));
    struct command c = { .kind = COMMAND_CANCEL_JOB, .account = buyer };
    c.u.order.order = s.command.seq;
    tell(c, NULL);
    const struct entry_query q = { buyer, s.command.seq, INT64_MAX, 100 };

    CHECK_I64(store_list_entries(db, &q, &arena, &rows, &n, &err), DB_ONE);
    CHECK_I64(n, 4);
    CHECK_I64(sum_of(rows, n, buyer, 0), 0);
}

TEST(entries_come_page_by_page)
{
    struct entry_line_row *rows;
    size_t n, seen = 0;
    struct entry_query q = { buyer, 0, INT64_MAX, 1 };

    while (store_list_entries(db, &q, &arena, &rows, &n, &err) == DB_ONE) {
        CHECK(rows[0].seq < q.before);
        CHECK_I64(rows[0].seq, rows[n - 1].seq);
        q.before = rows[0].seq;
        seen++;
    }
    CHECK_I64(seen, 6); /* the credit, three submissions, the exit, the cancelling */
}

TEST(a_payout_is_told_again_as_it_was_told)
{
    struct as_of again;
    struct payout_row row, read, *rows;
    size_t n;
    struct command c = { .kind = COMMAND_REQUEST_PAYOUT, .account = buyer };
    c.u.request_payout.amount = (struct money){ USD };
    const struct submission s = tell(c, NULL);

    CHECK(as_of_stored(&info, db, s.command.seq, buyer, &arena, &again, &err));
    CHECK(payout_as_of(&again, &row, &err));
    CHECK_I64(store_read_payout(db, s.command.seq, buyer, &read, &err), DB_ONE);
    CHECK_STR(text_of(view_payout(&row)), text_of(view_payout(&read)));
    CHECK_I64(store_read_payout(db, s.command.seq, seller, &read, &err), DB_NONE);
    CHECK_I64(store_list_payouts(db, buyer, INT64_MAX, 10, &arena, &rows, &n, &err), DB_ONE);
    CHECK_I64(n, 1);
}

TEST(a_command_of_another_account_is_not_told)
{
    struct as_of again;

    CHECK(!as_of_stored(&info, db, bid, stranger, &arena, &again, &err));
    CHECK_I64(err.code, ERR_NOT_FOUND);
}

/* ---- what runs leave behind ---- */

static void put_log(int64_t n, int64_t stream, struct str bytes)
{
    const struct log_chunk c = { lease, n, stream, bytes };
    CHECK(store_put_log(db, &c, &err));
}

TEST(a_log_is_kept_in_order_and_once)
{
    struct log_row *rows;
    size_t n;
    struct str text;

    CHECK_I64(store_list_log(db, lease, -1, 10, 1 << 20, &arena, &rows, &n, &err), DB_NONE);
    CHECK(store_read_log_text(db, lease, &arena, &text, &err));
    CHECK_I64(text.n, 0);
    put_log(1, STREAM_STDERR, STR("world\n"));
    put_log(0, STREAM_STDOUT, STR("hello "));
    put_log(0, STREAM_STDOUT, STR("again"));
    CHECK_I64(store_list_log(db, lease, -1, 10, 1 << 20, &arena, &rows, &n, &err), DB_ONE);
    CHECK_I64(n, 2);
    CHECK(str_is(rows[0].bytes, "hello "));
    CHECK_I64(rows[1].stream, STREAM_STDERR);
    CHECK_I64(store_list_log(db, lease, 0, 10, 1 << 20, &arena, &rows, &n, &err), DB_ONE);
    CHECK_I64(n, 1);
    CHECK(store_read_log_text(db, lease, &arena, &text, &err));
    CHECK(str_is(text, "hello world\n"));
}

TEST(what_passes_the_leases_share_of_log_is_counted_once)
{
    static char bytes[LOG_CHUNK_MAX];
    int64_t dropped = -1, n = 2;
    struct str text;

    memset(bytes, 'x', sizeof(bytes));
    CHECK(store_read_log_dropped(db, lease, &dropped, &err));
    CHECK_I64(dropped, 0);
    for (; n < 2 + LOG_LEASE_MAX / LOG_CHUNK_MAX; n++)
        put_log(n, STREAM_STDOUT, (struct str){ bytes, sizeof(bytes) });
    put_log(n, STREAM_STDOUT, STR("twelve bytes"));
    CHECK(store_read_log_dropped(db, lease, &dropped, &err));
    CHECK_I64(dropped, LOG_CHUNK_MAX); /* the last chunk that was whole; the small one still fits */
    put_log(n - 1, STREAM_STDOUT, (struct str){ bytes, sizeof(bytes) });
    put_log(n + 1, STREAM_STDOUT, (struct str){ bytes, sizeof(bytes) });
    put_log(n + 1, STREAM_STDOUT, (struct str){ bytes, sizeof(bytes) });
    CHECK(store_read_log_dropped(db, lease, &dropped, &err));
    CHECK_I64(dropped, 2 * LOG_CHUNK_MAX);
    CHECK(store_read_log_text(db, lease, &arena, &text, &err));
    CHECK_I64(text.n, LOG_LEASE_MAX - LOG_CHUNK_MAX + 24);
}

TEST(a_log_of_many_small_chunks_has_an_end)
{
    struct log_chunk c = { lease + 1, 0, STREAM_STDOUT, STR("x") };
    int64_t dropped = -1;
    struct str text;

    for (; c.n < LOG_LEASE_MAX / 1024 + 2; c.n++)
        CHECK(store_put_log(db, &c, &err));
    CHECK(store_read_log_text(db, c.lease, &arena, &text, &err));
    CHECK_I64(text.n, LOG_LEASE_MAX / 1024);
    CHECK(store_read_log_dropped(db, c.lease, &dropped, &err));
    CHECK_I64(dropped, 2);
}

TEST(an_account_keeps_no_more_blobs_than_it_may)
{
    const struct hash a = sha256(STR("a")), b = sha256(STR("b"));
    int64_t size = 0, used = 0;

    const struct blob_note first = { a, stranger, ORIGIN_OWN, 60 },
                           second = { b, stranger, ORIGIN_OWN, 60 };

    CHECK_I64(store_put_blob(db, &first, 100, &err), DB_ONE);
    CHECK_I64(store_put_blob(db, &first, 200, &err), DB_NONE);
    CHECK_I64(store_put_blob(db, &second, 100, &err), DB_NONE);
    CHECK_I64(store_read_blob(db, &a, stranger, &size, &err), DB_ONE);
    CHECK_I64(size, 60);
    CHECK_I64(store_read_blob(db, &b, stranger, &size, &err), DB_NONE);
    CHECK_I64(store_read_blobs_used(db, stranger, &used, &err), DB_ONE);
    CHECK_I64(used, 60);
    CHECK_I64(store_read_blobs_used(db, seller, &used, &err), DB_ONE);
    CHECK_I64(used, 0);
}

static int64_t used_by(int64_t account)
{
    int64_t used = -1;

    CHECK_I64(store_read_blobs_used(db, account, &used, &err), DB_ONE);
    return used;
}

TEST(an_output_that_is_passed_on_counts_for_nobody)
{
    const struct hash a = sha256(STR("output"));
    const struct blob_note output = { a, seller, ORIGIN_OUTPUT, 50 };
    const int64_t buyers = used_by(buyer);
    int64_t size = 0;

    CHECK_I64(store_put_blob(db, &output, 100, &err), DB_ONE);
    CHECK_I64(used_by(seller), 50);
    for (int i = 0; i < 2; i++) {
        CHECK(store_give_blob(db, &a, seller, buyer, &err));
        CHECK_I64(used_by(seller), 0);
        CHECK_I64(used_by(buyer), buyers);
        CHECK_I64(store_read_blob(db, &a, buyer, &size, &err), DB_ONE);
        CHECK_I64(store_read_blob(db, &a, seller, &size, &err), DB_ONE);
    }
    CHECK_I64(store_claim_blob(db, &output, &size, &err), DB_NONE);
    CHECK_I64(store_put_blob(db, &output, 100, &err), DB_ONE); /* of another lease */
    CHECK_I64(used_by(seller), 50);
    CHECK_I64(store_claim_blob(db, &output, &size, &err), DB_ONE);
    CHECK(store_give_blob(db, &a, seller, seller, &err)); /* he is his own buyer */
    CHECK_I64(used_by(seller), 0);
    CHECK_I64(store_claim_blob(db, &output, &size, &err), DB_ONE);
    CHECK_I64(used_by(seller), 0);
}

TEST(what_the_provider_has_uploaded_himself_stays_his)
{
    const struct hash a = sha256(STR("image and output"));
    const struct blob_note own = { a, seller, ORIGIN_OWN, 50 };

    CHECK_I64(store_put_blob(db, &own, 100, &err), DB_ONE);
    CHECK(store_give_blob(db, &a, seller, buyer, &err));
    CHECK_I64(used_by(seller), 50);
}

TEST(outputs_are_forgotten_when_they_are_old)
{
    const struct hash a = sha256(STR("nobody paid")), image = sha256(STR("image and output"));
    const struct blob_note output = { a, seller, ORIGIN_OUTPUT, 50 };
    struct blob_name *names;
    size_t n;

    CHECK_I64(store_put_blob(db, &output, 100, &err), DB_ONE);
    CHECK_I64(store_list_blobs_old(db, seller, &arena, &names, &n, &err), DB_NONE);
    CHECK_I64(store_drop_blob(db, &a, seller, true, &err), DB_NONE);
    market_db_number(owner, "WITH b AS (UPDATE blobs SET noted_at = now() - interval '3 days' "
                            "RETURNING 1) SELECT count(*) FROM b");
    CHECK_I64(store_list_blobs_old(db, seller, &arena, &names, &n, &err), DB_ONE);
    CHECK_I64(n, 1);
    CHECK(memcmp(names[0].sha256.p, a.b, sizeof(a.b)) == 0);
    CHECK_I64(store_drop_blob(db, &a, seller, true, &err), DB_ONE);
    CHECK_I64(store_find_blob(db, &a, &err), DB_NONE);
    CHECK_I64(store_drop_blob(db, &image, seller, true, &err), DB_NONE);
    CHECK_I64(store_drop_blob(db, &image, seller, false, &err), DB_ONE);
    CHECK_I64(store_find_blob(db, &image, &err), DB_ONE); /* the buyer keeps it */
}

static void begin(void)
{
    const char *conninfo = market_db_new();
    const struct agent_row agent = { STR("node"), STR("1"), STR("{}"), STR("null"),
                                     clock_wall_us() };

    arena_init(&arena, 256 << 20);
    stage_open(&stage, conninfo);
    stage_wait_ready(&stage);
    market_key = key_new();
    node_key = key_new();
    info.key = market_key;
    info.pools = stage.pools;
    info.pools_n = stage.pools_n;
    db = db_open(conninfo, DB_APP, &err);
    CHECK(db != NULL);
    owner = market_db_open(conninfo);
    buyer = stage_account(&stage, 10 * USD, 1);
    seller = stage_account(&stage, 0, 3);
    stranger = stage_account(&stage, 0, 5);
    node = stage_node(&stage, seller, 7);
    const struct public_key key = key_public(node_key);
    CHECK_I64(store_add_agent(db, node, key.b, &agent, &err), DB_ONE);
}

TEST(all_is_given_back)
{
    db_close(db);
    db_close(owner);
    stage_close(&stage);
    key_free(market_key);
    key_free(node_key);
    arena_done(&arena);
}

TEST(a_market_begins)
{
    begin();
}

TESTS(T(a_market_begins), T(an_ask_is_told_again_as_it_was_told), T(asks_of_others_are_not_seen),
      T(a_job_that_rests_is_told_again_as_it_was_told),
      T(a_job_that_trades_is_told_again_as_it_was_told), T(jobs_come_newest_first_page_by_page),
      T(jobs_are_found_by_their_state_and_by_that_of_their_bid),
      T(a_job_of_another_account_is_not_seen), T(the_tape_has_the_trade),
      T(a_lease_is_seen_by_its_two_parties), T(an_offer_is_an_assignment_signed_by_the_market),
      T(an_accepted_lease_is_told_at_a_restart_alone),
      T(the_image_of_a_live_lease_is_a_blob_that_its_node_may_read),
      T(the_digest_is_seen_once_the_agent_has_resolved_it), T(a_tick_rises),
      T(before_the_exit_there_is_no_receipt_and_no_exit_code),
      T(a_receipt_can_be_verified_by_whoever_has_the_markets_key),
      T(the_outputs_are_those_of_the_receipt), T(after_the_exit_job_and_lease_say_how_it_ended),
      T(the_bytes_of_an_ended_lease_are_not_its_nodes_any_more),
      T(the_entries_of_an_account_add_up_to_its_balance),
      T(the_entries_of_a_job_begin_with_its_submission_and_end_with_its_exit),
      T(a_cancelled_job_has_an_entry_that_gives_back), T(entries_come_page_by_page),
      T(a_payout_is_told_again_as_it_was_told), T(a_command_of_another_account_is_not_told),
      T(a_log_is_kept_in_order_and_once), T(what_passes_the_leases_share_of_log_is_counted_once),
      T(a_log_of_many_small_chunks_has_an_end), T(an_account_keeps_no_more_blobs_than_it_may),
      T(an_output_that_is_passed_on_counts_for_nobody),
      T(what_the_provider_has_uploaded_himself_stays_his),
      T(outputs_are_forgotten_when_they_are_old), T(all_is_given_back))

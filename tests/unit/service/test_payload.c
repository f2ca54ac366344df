/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as text and back: every kind, every member, every way in which a text can be wrong. */
#include "base/mem.h"
#include "service/payload.h"

#include <inttypes.h>

#include "tests/t.h"

#define ROUNDS 20000

static struct err err;

/* A seeded generator (splitmix64). */
struct dice {
    uint64_t state;
};

static uint64_t dice_roll(struct dice *d)
{
    uint64_t z = d->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int64_t dice_below(struct dice *d, int64_t n)
{
    return (int64_t)(dice_roll(d) % (uint64_t)n);
}

static struct str written(const struct command *c, const json_t *more, struct buf *b)
{
    auto_buf struct buf text = { .max = 1 << 20 };

    if (more) json_canonical(more, &text);
    buf_clear(b);
    codec_write(c, buf_view(&text), b);
    CHECK(!b->failed && !text.failed);
    return buf_view(b);
}

static enum codec_fault read_as(const char *text, struct command *out)
{
    err = (struct err){ 0 };
    return codec_read(str_of(text), out, NULL, &err);
}

/* What jansson reads and writes canonically is the same text. */
static bool is_canonical(struct str text)
{
    struct buf b;
    json_t *j = json_parse(text, &err);

    buf_init(&b, 1 << 20);
    if (j) json_canonical(j, &b);
    const bool same = j && str_eq(text, buf_view(&b));
    json_decref(j);
    buf_done(&b);
    return same;
}

/* ---- random values for a table ---- */

static int64_t random_number(struct dice *d, const struct codec_field *f)
{
    const int64_t edges[] = { 0, 1, -1, INT64_MAX, INT64_MIN, (int64_t)dice_roll(d) };
    const int bits = (int)(8 * f->size);
    const int64_t v = edges[dice_below(d, (int64_t)ARRAY_LEN(edges))];

    if (f->max > f->min) return f->min + dice_below(d, f->max - f->min + 1);
    if (f->type == CODEC_BOOL) return v & 1;
    if (f->type == CODEC_UNSIGNED) return v & ((INT64_C(1) << bits) - 1);
    return bits == 64 ? v : (int64_t)((uint64_t)v << (64 - bits)) >> (64 - bits);
}

static void random_text(struct dice *d, char *out, size_t size)
{
    static const char *const pieces[] = { "a", "\"", "\\", "\n", "\x01", "/", "€", "\x7f", "ü" };
    size_t n = 0;

    memset(out, 0, size);
    for (int64_t left = dice_below(d, (int64_t)size); left > 0; left--) {
        const char *p = pieces[dice_below(d, (int64_t)ARRAY_LEN(pieces))];
        if (n + strlen(p) >= size) return;
        memcpy(out + n, p, strlen(p));
        n += strlen(p);
    }
}

static void random_object(struct dice *d, const struct codec_field *fields, size_t n, void *base);

static void random_field(struct dice *d, const struct codec_field *f, void *base)
{
    char *const at = (char *)base + f->off;

    const int32_t before = (int32_t)f->usual; /* of a list */

    if (f->optional && dice_below(d, 100) < 30) {
        if (f->type == CODEC_LIST)
            memcpy((char *)base + f->count_off, &before, sizeof(before));
        else if (f->type != CODEC_TEXT)
            codec_store(f, base, f->usual);
    } else if (f->type == CODEC_TEXT) {
        random_text(d, at, f->size);
    } else if (f->type == CODEC_OBJECT) {
        random_object(d, f->items, f->items_n, at);
    } else if (f->type == CODEC_LIST) {
        const int32_t count = before + (int32_t)dice_below(d, (int64_t)f->most + 1 - before);
        memcpy((char *)base + f->count_off, &count, sizeof(count));
        for (int32_t i = before; i < count; i++)
            random_object(d, f->items, f->items_n, at + (size_t)i * f->size);
    } else {
        codec_store(f, base, random_number(d, f));
    }
}

static void random_object(struct dice *d, const struct codec_field *fields, size_t n, void *base)
{
    for (size_t i = 0; i < n; i++)
        random_field(d, &fields[i], base);
}

/* ---- the table ---- */

static void check_rows(const struct codec_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct codec_field *f = &fields[i];
        CHECK(i == 0 || strcmp(fields[i - 1].name, f->name) < 0);
        CHECK(f->min <= f->max);
        if (f->type != CODEC_LIST && f->type != CODEC_OBJECT) continue;
        CHECK(f->items_n > 0 && (f->most > 0 || f->type == CODEC_OBJECT));
        if (f->items[0].name) check_rows(f->items, f->items_n);
    }
}

TEST(rows_are_sorted_and_shadow_nothing)
{
    for (int k = 0; k < COMMAND_KINDS; k++) {
        const struct codec_kind *kind = &codec_kinds[k];
        check_rows(kind->fields, kind->fields_n);
        for (size_t i = 0; i < kind->fields_n; i++) {
            const char *name = kind->fields[i].name;
            CHECK(strcmp(name, "by") != 0 && strcmp(name, "kind") != 0);
            CHECK(strcmp(name, "more") != 0 && strcmp(name, "version") != 0);
        }
        CHECK(kind->fields_n + 4 <= COMMAND_MEMBERS_MAX);
    }
}

#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define KNOWS_PADDING
#endif
#endif

#ifdef KNOWS_PADDING
static void mark_row(const struct codec_field *f, uint8_t *seen)
{
    if (f->type == CODEC_OBJECT) {
        for (size_t i = 0; i < f->items_n; i++)
            mark_row(&f->items[i], seen + f->off);
        return;
    }
    memset(seen + f->off, 1, f->type == CODEC_LIST ? f->size * f->most : f->size);
    if (f->type == CODEC_LIST) memset(seen + f->count_off, 1, sizeof(int32_t));
}

/* A byte for each of a command's: is it of a member that some row of a kind in the list writes? */
static void mark_rows(const enum command_kind *kinds, uint8_t seen[sizeof(struct command)])
{
    for (; *kinds; kinds++) {
        const struct codec_kind *k = &codec_kinds[*kinds];
        CHECK(k->name);
        for (size_t i = 0; i < k->fields_n; i++)
            mark_row(&k->fields[i], seen);
    }
}

/* Every byte of `part` that is not padding belongs to a row of one of these kinds. */
#define CHECK_PART(part, ...)                                                                      \
    do {                                                                                           \
        const enum command_kind kinds_[] = { __VA_ARGS__, 0 };                                     \
        uint8_t seen_[sizeof(struct command)] = { 0 };                                             \
        struct command c_;                                                                         \
        mark_rows(kinds_, seen_);                                                                  \
        memset(&c_, 0xff, sizeof(c_));                                                             \
        __builtin_clear_padding(&c_.u.part);                                                       \
        for (size_t i_ = 0; i_ < sizeof(c_.u.part); i_++)                                          \
            CHECK(((uint8_t *)&c_.u.part)[i_] == 0 ||                                              \
                  seen_[offsetof(struct command, u.part) + i_]);                                   \
        for (size_t i_ = 0; kinds_[i_]; i_++)                                                      \
            covered[kinds_[i_]] = true;                                                            \
    } while (0)

TEST(every_member_has_a_row)
{
    bool covered[COMMAND_KINDS] = { [COMMAND_OPEN_ACCOUNT] = true };

    CHECK_PART(credit, COMMAND_CREDIT);
    CHECK_PART(put_node, COMMAND_PUT_NODE);
    CHECK_PART(drain_node, COMMAND_DRAIN_NODE);
    CHECK_PART(place_ask, COMMAND_PLACE_ASK);
    CHECK_PART(amend_ask, COMMAND_AMEND_ASK);
    CHECK_PART(order, COMMAND_CANCEL_ASK, COMMAND_CANCEL_JOB, COMMAND_EXPIRE_ORDER, COMMAND_REENTER,
               COMMAND_CLOSE_AUCTION, COMMAND_TRIM);
    CHECK_PART(submit_job, COMMAND_SUBMIT_JOB);
    CHECK_PART(amend_bid, COMMAND_AMEND_BID);
    CHECK_PART(lease, COMMAND_ACCEPT_LEASE, COMMAND_DECLINE_LEASE, COMMAND_LEASE_PREPARED,
               COMMAND_LEASE_READY, COMMAND_LEASE_CANNOT_START, COMMAND_LEASE_EXIT,
               COMMAND_LEASE_TIMEOUT, COMMAND_LEASE_LOST, COMMAND_LEASE_SPENT, COMMAND_LEASE_RIPE,
               COMMAND_LEASE_CHECKPOINT, COMMAND_LEASE_DRAINED);
    CHECK_PART(offer, COMMAND_OFFER);
    CHECK_PART(call, COMMAND_CALL);
    CHECK_PART(rate, COMMAND_RATE_NODE, COMMAND_RATE_ACCOUNT);
    CHECK_PART(invite, COMMAND_INVITE);
    CHECK_PART(team, COMMAND_JOIN_TEAM, COMMAND_LEAVE_TEAM);
    CHECK_PART(request_payout, COMMAND_REQUEST_PAYOUT);
    CHECK_PART(payout, COMMAND_COMPLETE_PAYOUT, COMMAND_FAIL_PAYOUT);
    CHECK_PART(set_rules, COMMAND_SET_RULES);
    CHECK_PART(node_health, COMMAND_NODE_HEALTH);
    for (int k = 0; k < COMMAND_KINDS; k++)
        CHECK(covered[k] == (codec_kinds[k].name != NULL)); /* a new kind needs a line above */
}
#else
TEST(every_member_has_a_row)
{
    printf("not checked: this compiler cannot tell padding from members\n");
}
#endif

/* ---- there and back ---- */

static void check_same(const struct command *a, const struct command *b)
{
    struct buf left, right;

    CHECK_I64(a->kind, b->kind);
    CHECK_I64(a->account, b->account);
    /* Both were zero before their members were set, so padding is equal too. */
    CHECK(memcmp(&a->u, &b->u, sizeof(a->u)) == 0);
    buf_init(&left, 1 << 20);
    buf_init(&right, 1 << 20);
    CHECK(str_eq(written(a, NULL, &left), written(b, NULL, &right)));
    buf_done(&left);
    buf_done(&right);
}

TEST(a_command_of_any_kind_comes_back_as_it_was)
{
    struct dice d = { 20260101 };
    struct buf b;

    buf_init(&b, 1 << 20);
    for (int i = 0; i < ROUNDS; i++) {
        struct command c, back;
        memset(&c, 0, sizeof(c));
        do
            c.kind = (enum command_kind)dice_below(&d, COMMAND_KINDS);
        while (!codec_kinds[c.kind].name);
        c.account = (int64_t)dice_roll(&d);
        random_object(&d, codec_kinds[c.kind].fields, codec_kinds[c.kind].fields_n, &c);
        const struct str text = written(&c, NULL, &b);
        CHECK(is_canonical(text));
        memset(&back, 0, sizeof(back));
        err = (struct err){ 0 };
        const enum codec_fault got = codec_read(text, &back, NULL, &err);
        if (got != CODEC_OK) printf("%.*s: %s\n", (int)text.n, text.p, err.detail);
        CHECK(got == CODEC_OK);
        check_same(&c, &back);
    }
    buf_done(&b);
}

/* The first n bytes, and nothing behind them. */
static char *copy_of(struct str text, size_t n)
{
    char *const copy = mem_zalloc(n);

    memcpy(copy, text.p, n);
    return copy;
}

/* A flip of any bit of a text gives another command, or a fault; never the same, never a crash. */
TEST(a_flipped_bit_is_never_overlooked)
{
    struct dice d = { 7 };
    struct buf b;

    buf_init(&b, 1 << 20);
    for (int k = 0; k < COMMAND_KINDS; k++) {
        if (!codec_kinds[k].name) continue;
        struct command c = { .kind = (enum command_kind)k, .account = 16 };
        random_object(&d, codec_kinds[k].fields, codec_kinds[k].fields_n, &c);
        const struct str text = written(&c, NULL, &b);
        for (size_t bit = 0; bit < 8 * text.n; bit++) {
            struct command back;
            char *damaged = copy_of(text, text.n);
            damaged[bit / 8] = (char)(damaged[bit / 8] ^ 1 << bit % 8);
            if (codec_read((struct str){ damaged, text.n }, &back, NULL, &err) == CODEC_OK) {
                struct buf again;
                buf_init(&again, 1 << 20);
                CHECK(!str_eq(written(&back, NULL, &again), text));
                buf_done(&again);
            }
            mem_free(damaged);
        }
        for (size_t n = 0; n < text.n; n++) {
            struct command back;
            char *cut = n > 0 ? copy_of(text, n) : NULL; /* so that asan sees a step beyond it */
            CHECK(codec_read((struct str){ cut, n }, &back, NULL, &err) == CODEC_NOT_CANONICAL);
            mem_free(cut);
        }
    }
    buf_done(&b);
}

/* ---- texts ---- */

TEST(a_plain_job_is_short)
{
    const struct command c = {
        .kind = COMMAND_SUBMIT_JOB,
        .account = 17,
        .u.submit_job = { .wants = { { .pool = 5, .units = 1 } },
                          .wants_n = 1,
                          .limit = { 2000000 },
                          .budget = { 9000000 },
                          .nodes = 1,
                          .seconds = 3600,
                          .checkpoint_seconds = 3600,
                          .expires_us = 1767225600000000,
                          .attempts_max = 3 },
    };
    struct buf b;

    buf_init(&b, 4096);
    CHECK(str_eq(written(&c, NULL, &b),
                 STR("{\"attempts_max\":3,\"budget\":9000000,\"by\":17,"
                     "\"expires_us\":1767225600000000,\"kind\":\"submit-job\",\"limit\":2000000,"
                     "\"pool\":5,\"seconds\":3600,\"units\":1,\"version\":1}")));
    buf_done(&b);
}

/* As the first release stored them: they are read for ever, and mean what they meant. */
TEST(old_texts_are_read)
{
    static const char *const old[] = {
        "{\"by\":1,\"kind\":\"open-account\",\"version\":1}",
        "{\"account\":16,\"amount\":25000000,\"by\":1,\"kind\":\"credit\",\"version\":1}",
        "{\"by\":16,\"cpu_millis\":8000,\"gpu_pool\":0,\"gpus\":0,\"kind\":\"put-node\","
        "\"memory_bytes\":1,\"node\":0,\"scratch_bytes\":2,\"version\":1}",
        "{\"by\":16,\"floor\":1000,\"kind\":\"place-ask\",\"node\":17,\"pool\":1,\"price\":2000,"
        "\"seconds_max\":3600,\"seconds_min\":60,\"units\":4,\"until_us\":5,\"version\":1}",
        "{\"ask\":18,\"by\":16,\"kind\":\"amend-ask\",\"price\":1000,\"units\":4,\"version\":1}",
        "{\"by\":16,\"kind\":\"cancel-ask\",\"order\":18,\"version\":1}",
        "{\"attempts_max\":3,\"budget\":1,\"by\":16,\"expires_us\":9,\"kind\":\"submit-job\","
        "\"limit\":1000,\"pool\":1,\"seconds\":60,\"units\":1,\"version\":1}",
        "{\"bid\":18,\"by\":16,\"kind\":\"amend-bid\",\"limit\":1000,\"version\":1}",
        "{\"by\":16,\"kind\":\"cancel-job\",\"order\":18,\"version\":1}",
        "{\"by\":16,\"epoch\":1,\"kind\":\"accept-lease\",\"lease\":73728,\"reason\":0,\"version\":"
        "1}",
        "{\"by\":16,\"epoch\":1,\"kind\":\"decline-lease\",\"lease\":73728,\"reason\":4,"
        "\"version\":1}",
        "{\"by\":16,\"epoch\":1,\"kind\":\"lease-ready\",\"lease\":73728,\"reason\":0,\"version\":"
        "1}",
        "{\"by\":16,\"epoch\":1,\"fault\":0,\"kind\":\"lease-cannot-start\",\"lease\":73728,"
        "\"reason\":7,\"version\":1}",
        "{\"by\":16,\"epoch\":1,\"exit_code\":0,\"kind\":\"lease-exit\",\"lease\":73728,\"reason\":"
        "1,"
        "\"seconds\":61,\"version\":1}",
        "{\"by\":1,\"epoch\":1,\"kind\":\"lease-timeout\",\"lease\":73728,\"reason\":0,\"version\":"
        "1}",
        "{\"by\":1,\"epoch\":1,\"kind\":\"lease-lost\",\"lease\":73728,\"reason\":0,\"version\":1}",
        "{\"by\":1,\"epoch\":1,\"kind\":\"lease-spent\",\"lease\":73728,\"reason\":0,\"version\":"
        "1}",
        "{\"by\":1,\"kind\":\"expire-order\",\"order\":18,\"version\":1}",
        "{\"amount\":5,\"by\":16,\"kind\":\"request-payout\",\"version\":1}",
        "{\"by\":1,\"kind\":\"complete-payout\",\"payout\":18,\"version\":1}",
        "{\"by\":1,\"kind\":\"fail-payout\",\"payout\":18,\"version\":1}",
    };
    struct command c;

    for (size_t i = 0; i < ARRAY_LEN(old); i++) {
        const enum codec_fault got = read_as(old[i], &c);
        if (got != CODEC_OK) printf("%s: %s\n", old[i], err.detail);
        CHECK(got == CODEC_OK);
        CHECK_I64(c.kind, i + 1);
    }
    CHECK(read_as(old[13], &c) == CODEC_OK);
    CHECK_I64(c.account, 16);
    CHECK_I64(c.u.lease.lease, 73728);
    CHECK_I64(c.u.lease.epoch, 1);
    CHECK_I64(c.u.lease.exit_code, 0);
    CHECK_I64(c.u.lease.reason, REASON_DONE);
    CHECK_I64(c.u.lease.seconds, 61);
}

#define CANCEL "{\"by\":16,\"kind\":\"cancel-job\",\"order\":18,\"version\":1}"

TEST(each_fault_says_what_and_where)
{
    static const struct {
        const char *text;
        enum codec_fault fault;
        const char *why;
    } rows[] = {
        { "", CODEC_NOT_CANONICAL, "command: this is not canonical JSON." },
        { "x", CODEC_NOT_CANONICAL, "command: this is not canonical JSON." },
        { CANCEL " ", CODEC_NOT_CANONICAL, "command: this is not canonical JSON." },
        { "{\"by\":16, \"kind\":\"cancel-job\",\"order\":18,\"version\":1}", CODEC_NOT_CANONICAL,
          "command: this is not canonical JSON." },
        { "{\"kind\":\"cancel-job\",\"by\":16,\"order\":18,\"version\":1}", CODEC_NOT_CANONICAL,
          "command: this is not canonical JSON." },
        { "{\"by\":16,\"kind\":\"cancel-job\",\"order\":18,\"order\":18,\"version\":1}",
          CODEC_NOT_CANONICAL, "command: this is not canonical JSON." },
        { "{\"by\":16,\"order\":18,\"version\":1}", CODEC_MISSING_MEMBER,
          "command: \"kind\" is missing." },
        { "{\"by\":16,\"kind\":3,\"order\":18,\"version\":1}", CODEC_WRONG_TYPE,
          "command: \"kind\" must be a text." },
        { "{\"by\":16,\"kind\":\"sell-all\",\"version\":1}", CODEC_UNKNOWN_KIND,
          "command: \"sell-all\" is no kind of command." },
        { "{\"by\":16,\"kind\":\"\",\"version\":1}", CODEC_UNKNOWN_KIND,
          "command: \"\" is no kind of command." },
        { "{\"by\":16,\"kind\":\"cancel-job\",\"order\":18}", CODEC_MISSING_MEMBER,
          "cancel-job: \"version\" is missing." },
        { "{\"by\":16,\"kind\":\"cancel-job\",\"order\":18,\"version\":2}", CODEC_UNKNOWN_VERSION,
          "cancel-job: \"version\" is not 1." },
        { "{\"kind\":\"cancel-job\",\"order\":18,\"version\":1}", CODEC_MISSING_MEMBER,
          "cancel-job: \"by\" is missing." },
        { "{\"by\":true,\"kind\":\"cancel-job\",\"order\":18,\"version\":1}", CODEC_WRONG_TYPE,
          "cancel-job: \"by\" must be a number." },
        { "{\"by\":16,\"kind\":\"cancel-job\",\"version\":1}", CODEC_MISSING_MEMBER,
          "cancel-job: \"order\" is missing." },
        { "{\"by\":16,\"kind\":\"cancel-job\",\"more\":{},\"order\":18,\"version\":1}",
          CODEC_UNKNOWN_MEMBER, "cancel-job: \"more\" is no member of it." },
        { "{\"a\":1,\"by\":16,\"kind\":\"cancel-job\",\"order\":18,\"version\":1}",
          CODEC_UNKNOWN_MEMBER, "cancel-job: \"a\" is no member of it." },
        { "{\"by\":16,\"kind\":\"cancel-job\",\"order\":18,\"version\":1,\"zone\":1}",
          CODEC_UNKNOWN_MEMBER, "cancel-job: \"zone\" is no member of it." },
        { "{\"by\":16,\"kind\":\"cancel-job\",\"order\":\"18\",\"version\":1}", CODEC_WRONG_TYPE,
          "cancel-job: \"order\" must be a number." },
        { "{\"by\":16,\"kind\":\"cancel-job\",\"order\":[18],\"version\":1}", CODEC_WRONG_TYPE,
          "cancel-job: \"order\" must be a number." },
        { "{\"by\":16,\"kind\":\"cancel-job\",\"order\":18.0,\"version\":1}", CODEC_OUT_OF_RANGE,
          "cancel-job: \"order\" is no whole 64-bit number." },
        { "{\"by\":16,\"kind\":\"cancel-job\",\"order\":018,\"version\":1}", CODEC_OUT_OF_RANGE,
          "cancel-job: \"order\" is no whole 64-bit number." },
        { "{\"by\":16,\"kind\":\"cancel-job\",\"order\":9223372036854775808,\"version\":1}",
          CODEC_OUT_OF_RANGE, "cancel-job: \"order\" is no whole 64-bit number." },
        { "{\"ask\":18,\"by\":16,\"kind\":\"amend-ask\",\"price\":1,\"units\":2147483648,"
          "\"version\":1}",
          CODEC_OUT_OF_RANGE, "amend-ask: \"units\" is not in -2147483648 … 2147483647." },
        { "{\"by\":16,\"epoch\":1,\"kind\":\"decline-lease\",\"lease\":1,\"reason\":-1,\"version\":"
          "1}",
          CODEC_OUT_OF_RANGE, NULL },
        { "{\"by\":16,\"epoch\":1,\"kind\":\"decline-lease\",\"lease\":1,\"reason\":9999,"
          "\"version\":1}",
          CODEC_OUT_OF_RANGE, NULL },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct command c = { .seq = 99 };
        const enum codec_fault got = read_as(rows[i].text, &c);
        if (got != rows[i].fault) printf("%s: %d, %s\n", rows[i].text, (int)got, err.detail);
        CHECK(got == rows[i].fault);
        if (rows[i].why) CHECK_STR(err.detail, rows[i].why);
        CHECK(err.code == ERR_MALFORMED_BODY || err.code == ERR_VALIDATION_FAILED);
        CHECK_I64(c.seq, 99); /* untouched */
    }
}

TEST(a_name_of_any_length_fits_the_message)
{
    char text[1024];
    struct command c;

    snprintf(text, sizeof(text),
             "{\"by\":16,\"kind\":\"cancel-job\",\"order\":1,\"version\":1,\"%0500d\":1}", 0);
    memset(strstr(text, "\"0") + 1, 'z', 500);
    CHECK(read_as(text, &c) == CODEC_UNKNOWN_MEMBER);
    CHECK(strlen(err.detail) < 100);
}

TEST(more_members_than_there_is_room_for_are_refused)
{
    struct command c;
    struct buf b;

    buf_init(&b, 1 << 16);
    buf_c(&b, "{\"a00\":1");
    for (int i = 1; i <= COMMAND_MEMBERS_MAX; i++)
        buf_fmt(&b, ",\"a%02d\":1", i);
    buf_c(&b, "}");
    CHECK(codec_read(buf_view(&b), &c, NULL, &err) == CODEC_NOT_CANONICAL);
    buf_done(&b);
}

/* ---- tables with lists, masks and texts ---- */

struct part {
    int32_t pool;
    uint64_t mask;
    struct money limit;
};
struct thing {
    bool firm;
    uint8_t tier;
    uint16_t port;
    char name[8];
    struct part parts[3];
    int32_t parts_n;
    int32_t sizes[4];
    int32_t sizes_n;
    enum fault whose;
};
static const struct codec_field part_rows[] = {
    CODEC_IS(struct part, "limit", limit),
    CODEC_MAY(struct part, "mask", mask),
    CODEC_IS_IN(struct part, "pool", pool, 1, 9),
};
static const struct codec_field size_rows[] = { CODEC_BARE(int32_t) };
static const struct codec_field thing_rows[] = {
    CODEC_MAY(struct thing, "firm", firm),
    CODEC_MAY(struct thing, "name", name),
    CODEC_SOME(struct thing, "parts", parts, parts_n, part_rows),
    CODEC_MAY(struct thing, "port", port),
    CODEC_SOME(struct thing, "sizes", sizes, sizes_n, size_rows),
    CODEC_MAY(struct thing, "tier", tier),
    CODEC_MAY_IN(struct thing, "whose", whose, 0, WHOSE_PROVIDER),
};

static enum codec_fault read_thing(const char *text, struct thing *out)
{
    memset(out, 0, sizeof(*out));
    err = (struct err){ 0 };
    return codec_read_object(thing_rows, ARRAY_LEN(thing_rows), "thing", str_of(text), out, &err);
}

TEST(lists_masks_and_texts_come_back_as_they_were)
{
    struct dice d = { 3 };
    struct buf b;

    check_rows(thing_rows, ARRAY_LEN(thing_rows));
    buf_init(&b, 1 << 16);
    for (int i = 0; i < ROUNDS; i++) {
        struct thing t, back;
        memset(&t, 0, sizeof(t));
        random_object(&d, thing_rows, ARRAY_LEN(thing_rows), &t);
        buf_clear(&b);
        codec_write_object(thing_rows, ARRAY_LEN(thing_rows), &t, &b);
        CHECK(!b.failed && is_canonical(buf_view(&b)));
        memset(&back, 0, sizeof(back));
        CHECK(codec_read_object(thing_rows, ARRAY_LEN(thing_rows), "thing", buf_view(&b), &back,
                                &err) == CODEC_OK);
        CHECK(memcmp(&t, &back, sizeof(t)) == 0);
    }
    buf_done(&b);
}

TEST(a_thing_reads_as_written)
{
    struct thing t;

    CHECK(read_thing("{}", &t) == CODEC_OK);
    CHECK(read_thing("{\"firm\":true,\"name\":\"a\\\"\\u0001\",\"parts\":[{\"limit\":-5,\"mask\":"
                     "\"ffffffffffffffff\",\"pool\":9},{\"limit\":1,\"pool\":1}],\"port\":65535,"
                     "\"sizes\":[1,2,4,8],\"tier\":255,\"whose\":2}",
                     &t) == CODEC_OK);
    CHECK(t.firm && t.parts_n == 2 && t.sizes_n == 4 && t.sizes[3] == 8);
    CHECK_STR(t.name, "a\"\x01");
    CHECK(t.parts[0].mask == UINT64_MAX && t.parts[0].limit.micros == -5 && t.parts[1].mask == 0);
    CHECK(t.tier == 255 && t.port == 65535 && t.whose == WHOSE_PROVIDER);
}

TEST(a_thing_that_is_wrong_is_refused)
{
    static const struct {
        const char *text;
        enum codec_fault fault;
    } rows[] = {
        { "{\"firm\":1}", CODEC_WRONG_TYPE },
        { "{\"name\":\"12345678\"}", CODEC_OUT_OF_RANGE },
        { "{\"name\":7}", CODEC_WRONG_TYPE },
        { "{\"name\":\"\\u000a\"}", CODEC_NOT_CANONICAL }, /* "\n" has a shorter form */
        { "{\"name\":\"\\u0041\"}", CODEC_NOT_CANONICAL },
        { "{\"name\":\"\\/\"}", CODEC_NOT_CANONICAL },
        { "{\"name\":\"\\u0000\"}", CODEC_NOT_CANONICAL },
        { "{\"name\":\"\x01\"}", CODEC_NOT_CANONICAL },
        { "{\"name\":\"\xff\"}", CODEC_NOT_CANONICAL },
        { "{\"name\":\"\\\"}", CODEC_NOT_CANONICAL },
        { "{\"parts\":{}}", CODEC_WRONG_TYPE },
        { "{\"parts\":[1]}", CODEC_WRONG_TYPE },
        { "{\"parts\":[{\"limit\":1,\"pool\":10}]}", CODEC_OUT_OF_RANGE },
        { "{\"parts\":[{\"limit\":1,\"pool\":1,\"x\":1}]}", CODEC_UNKNOWN_MEMBER },
        { "{\"parts\":[{\"limit\":1}]}", CODEC_MISSING_MEMBER },
        { "{\"parts\":[{\"limit\":1,\"mask\":\"0f\",\"pool\":1}]}", CODEC_OUT_OF_RANGE },
        { "{\"parts\":[{\"limit\":1,\"mask\":\"F\",\"pool\":1}]}", CODEC_OUT_OF_RANGE },
        { "{\"parts\":[{\"limit\":1,\"mask\":\"10000000000000000\",\"pool\":1}]}",
          CODEC_OUT_OF_RANGE },
        { "{\"parts\":[{\"limit\":1,\"mask\":15,\"pool\":1}]}", CODEC_WRONG_TYPE },
        { "{\"port\":65536}", CODEC_OUT_OF_RANGE },
        { "{\"port\":-1}", CODEC_OUT_OF_RANGE },
        { "{\"sizes\":[1,2,3,4,5]}", CODEC_OUT_OF_RANGE },
        { "{\"sizes\":[1 ]}", CODEC_OUT_OF_RANGE },
        { "{\"sizes\":[1,]}", CODEC_NOT_CANONICAL },
        { "{\"sizes\":[,1]}", CODEC_NOT_CANONICAL },
        { "{\"sizes\":[1}", CODEC_NOT_CANONICAL },
        { "{\"sizes\":[\"1\"]}", CODEC_WRONG_TYPE },
        { "{\"tier\":256}", CODEC_OUT_OF_RANGE },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct thing t;
        const enum codec_fault got = read_thing(rows[i].text, &t);
        if (got != rows[i].fault) printf("%s: %d, %s\n", rows[i].text, (int)got, err.detail);
        CHECK(got == rows[i].fault);
    }
}

/* ---- payloads ---- */

TEST(what_a_command_is_about_stays_apart)
{
    const struct command c = { .kind = COMMAND_CANCEL_JOB, .account = 16, .u.order = { 18 } };
    struct command back;
    struct arena a;
    struct str more;

    arena_init(&a, 1 << 16);
    const struct str text = payload_make(&c, json_pack("{s:[i], s:s}", "args", 1, "\"}", "{["), &a);
    CHECK_STR(text.p, "{\"by\":16,\"kind\":\"cancel-job\",\"more\":{\"\\\"}\":\"{[\",\"args\":[1]},"
                      "\"order\":18,\"version\":1}");
    CHECK(codec_read(text, &back, NULL, &err) == CODEC_UNKNOWN_MEMBER);
    CHECK(codec_read(text, &back, &more, &err) == CODEC_OK);
    CHECK(str_is(more, "{\"\\\"}\":\"{[\",\"args\":[1]}"));
    CHECK_I64(back.u.order.order, 18);
    json_t *about = payload_more(text, &err);
    CHECK(json_object_size(about) == 2);
    json_decref(about);
    CHECK(codec_read(payload_make(&c, NULL, &a), &back, &more, &err) == CODEC_OK);
    CHECK(more.n == 0);
    arena_done(&a);
}

TEST(names_of_kinds_are_known_by_number)
{
    CHECK_STR(command_name(COMMAND_SUBMIT_JOB), "submit-job");
    CHECK_STR(command_name(0), "");
    CHECK_STR(command_name(-1), "");
    CHECK_STR(command_name(COMMAND_KINDS), "");
    CHECK_STR(command_name(INT64_MAX), "");
}

TESTS(T(rows_are_sorted_and_shadow_nothing), T(every_member_has_a_row),
      T(a_command_of_any_kind_comes_back_as_it_was), T(a_flipped_bit_is_never_overlooked),
      T(a_plain_job_is_short), T(old_texts_are_read), T(each_fault_says_what_and_where),
      T(a_name_of_any_length_fits_the_message), T(more_members_than_there_is_room_for_are_refused),
      T(lists_masks_and_texts_come_back_as_they_were), T(a_thing_reads_as_written),
      T(a_thing_that_is_wrong_is_refused), T(what_a_command_is_about_stays_apart),
      T(names_of_kinds_are_known_by_number))

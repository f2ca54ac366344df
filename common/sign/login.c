/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/login.h"

#include <inttypes.h>
#include <string.h>

#include <openssl/crypto.h>

#include "json/parse.h"

#define FOR_MARKET "bourse-registry-login-v1"
#define FOR_LEASE  "bourse-lease-registry-login-v1"
#define PLACE_MAX  1024

/* clang-format off */
#define L struct login
static const struct json_field fields[] = {
    JSON_TEXT(L, username, "username", JSON_NEED, 1, LOGIN_USER_MAX, "The name."),
    JSON_TEXT(L, password, "password", JSON_NEED, 1, LOGIN_PASSWORD_MAX, "The password, or a token."),
    JSON_END
};
#undef L
/* clang-format on */

/* One name a line: none of them has a line's end. */
static void put_place(const struct login_place *p, struct buf *b)
{
    buf_fmt(b, "%.*s\n%.*s\n%.*s\n", (int)p->market_id.n, p->market_id.p, (int)p->account_id.n,
            p->account_id.p, (int)p->registry.n, p->registry.p);
    if (p->lease_id.n > 0)
        buf_fmt(b, "%.*s\n%" PRId64 "\n", (int)p->lease_id.n, p->lease_id.p, p->epoch);
}

static struct seal_about about(const struct login_place *p, const struct buf *place)
{
    return (struct seal_about){ p->lease_id.n > 0 ? FOR_LEASE : FOR_MARKET, buf_view(place) };
}

/* Basic authentication (RFC 7617): a name has no colon, and neither has control signs. */
static bool is_carried(struct str s, bool colon)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f || (s.p[i] == ':' && !colon))
            return false;
    return s.n > 0;
}

static bool is_login(const struct login *l, struct err *err)
{
    if (is_carried(l->username, false) && is_carried(l->password, true) &&
        l->username.n <= LOGIN_USER_MAX && l->password.n <= LOGIN_PASSWORD_MAX)
        return true;
    return FAIL(
        err, ERR_VALIDATION_FAILED,
        "A login is a name of 1 to %d bytes without a colon and a password of 1 to %d, both "
        "without control characters.",
        LOGIN_USER_MAX, LOGIN_PASSWORD_MAX);
}

static void wipe(struct buf *b)
{
    if (b->p) OPENSSL_cleanse(b->p, b->cap);
}

bool login_seal(const struct seal_public *to, const struct login_place *place,
                const struct login *l, struct buf *out, struct err *err)
{
    auto_buf struct buf where = { .max = PLACE_MAX }, plain = { .max = LOGIN_BOX_MAX };

    if (!is_login(l, err)) return false;
    buf_reserve(&plain, LOGIN_BOX_MAX); /* so that it does not move and leave a copy behind */
    buf_c(&plain, "{\"password\":");
    json_canonical_text(l->password, &plain);
    buf_c(&plain, ",\"username\":");
    json_canonical_text(l->username, &plain);
    buf_char(&plain, '}');
    put_place(place, &where);
    bool ok = !plain.failed && !where.failed;
    if (!ok) FAIL(err, ERR_VALIDATION_FAILED, "The login is too long.");
    const struct seal_about what = about(place, &where);
    if (ok && !seal(to, &what, buf_view(&plain), out))
        ok = FAIL(err, ERR_FORBIDDEN, "Nothing can be sealed to this key.");
    wipe(&plain);
    return ok;
}

bool login_open(const struct seal_key *k, const struct login_place *place, struct str box,
                struct arena *a, struct login *out, struct err *err)
{
    struct complaints c = { .n = 0 };
    struct login l = { .username = { NULL, 0 } };
    auto_buf struct buf where = { .max = PLACE_MAX }, plain = { .max = LOGIN_BOX_MAX };
    struct err ignored = { 0 };

    put_place(place, &where);
    const struct seal_about what = about(place, &where);
    if (where.failed || !seal_open(k, &what, box, &plain))
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "It does not open: it is sealed to another key, or for another account, "
                    "registry or lease.");
    auto_json json_t *j = json_parse(buf_view(&plain), &ignored);
    const bool read = j && json_read(j, fields, a, &l, &c, &ignored);
    wipe(&plain);
    if (!read)
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "What is sealed must be {\"username\": …, \"password\": …}.");
    if (!is_login(&l, err)) return false;
    *out = l;
    return true;
}

/* They are ours alone: in an arena, copied for us. */
static void wipe_text(const struct str *s)
{
    void *p;

    memcpy(&p, &s->p, sizeof(p));
    if (p) OPENSSL_cleanse(p, s->n);
}

void login_wipe(struct login *l)
{
    wipe_text(&l->username);
    wipe_text(&l->password);
    *l = (struct login){ .username = { NULL, 0 } };
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts and ticks: a text that is taken is exactly the one that is written from what it says. */
#include "sign/receipt.h"
#include "tests/fuzz/fuzz.h"

static void receipt(struct str text, struct arena *a)
{
    struct receipt r;
    struct err err = { 0 };
    if (!receipt_parse(text, a, &r, &err)) {
        LAW(err.code != ERR_NONE);
        return;
    }
    const struct str again = receipt_text(&r, a);
    LAW(again.p == NULL || str_eq(again, text));
}

static void tick(struct str text, struct arena *a)
{
    struct tick t;
    struct err err = { 0 };
    if (!tick_parse(text, a, &t, &err)) return;
    const struct str again = tick_text(&t, a);
    LAW(again.p == NULL || str_eq(again, text));
}

static void document(struct str text)
{
    struct err err = { 0 };
    auto_json json_t *j = json_parse(text, &err);
    const struct public_key market = { { 1 } };
    if (j != NULL) LAW(!receipt_document_verify(j, &market, NULL, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str text = { (const char *)data, size };
    struct arena a;
    arena_init(&a, 1 << 20);
    receipt(text, &a);
    tick(text, &a);
    document(text);
    arena_done(&a);
    return 0;
}

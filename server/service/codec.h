/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as canonical JSON and back, both by one table (commands.c).
 *
 * A command's text is an object of what all have, {"by": account, "kind": name, "version": 1}, and
 * of the members of its kind. Members that are optional are left out while they have their usual
 * value, zero for most, so a plain order stays small and a member that is added later changes no
 * older text. The text is canonical (RFC 8785): members sorted by their bytes, no blanks, so one
 * command has one text.
 *
 * To add a member: add it to command.h, and a row to the table of its kind, where its name sorts.
 * A member that old commands lack must be optional, its usual value what it was without it.
 * tests/unit/service/test_payload.c finds a member that has no row. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "domain/command.h"
#include "json/json.h"

#define COMMAND_KINDS       64 /* kinds are below it */
#define COMMAND_MEMBERS_MAX 64 /* of one object */

enum codec_type {
    CODEC_SIGNED,   /* any width; money is its micros */
    CODEC_UNSIGNED, /* up to 32 bits; enums */
    CODEC_BOOL,     /* true or false */
    CODEC_MASK,     /* 64 bits, as text in hex, no zeros in front: no number of JSON holds them */
    CODEC_TEXT,     /* a char array that ends with a NUL */
    CODEC_OBJECT,   /* a struct of its own, with a table of its own */
    CODEC_LIST,     /* an array of the struct, and a member that counts it */
};

/* One member. `off` is from the start of the struct that the table is about: struct command, or one
 * element of a list. */
struct codec_field {
    const char *name;
    enum codec_type type;
    bool optional;
    size_t off, size;                /* size: of the member, of one element of a list */
    int64_t min, max;                /* both 0: what fits */
    const struct codec_field *items; /* of an object or an element; without a name: a bare value */
    size_t items_n;
    size_t most;      /* elements that there is room for */
    size_t count_off; /* of the int32_t that counts them */
    int64_t usual;    /* left out while it is this; of a list: so many of its first elements stand
                         in members of their own */
};

/* How a member is written follows from its type; one of a type that is not named does not compile.
 * CODEC_IS: always written, must be there; CODEC_MAY: only when not zero; CODEC_BUT: only when not
 * its usual value; …_IN: with a range. */
/* clang-format off */
#define CODEC_TYPE(m) _Generic((m), int32_t: CODEC_SIGNED, int64_t: CODEC_SIGNED,                  \
    struct money: CODEC_SIGNED, bool: CODEC_BOOL, unsigned: CODEC_UNSIGNED, uint8_t: CODEC_UNSIGNED, \
    uint16_t: CODEC_UNSIGNED, uint64_t: CODEC_MASK, char *: CODEC_TEXT)
#define CODEC_M(T, m)  ((T *)0)->m
#define CODEC_ROW(T, name, m, optional, min, max, usual)                                           \
    { name, CODEC_TYPE(CODEC_M(T, m)), optional, offsetof(T, m), sizeof(CODEC_M(T, m)), min, max,  \
      NULL, 0, 0, 0, usual }
#define CODEC_IS(T, name, m)             CODEC_ROW(T, name, m, false, 0, 0, 0)
#define CODEC_IS_IN(T, name, m, lo, hi)  CODEC_ROW(T, name, m, false, lo, hi, 0)
#define CODEC_MAY(T, name, m)            CODEC_ROW(T, name, m, true, 0, 0, 0)
#define CODEC_MAY_IN(T, name, m, lo, hi) CODEC_ROW(T, name, m, true, lo, hi, 0)
#define CODEC_BUT(T, name, m, usual)     CODEC_ROW(T, name, m, true, 0, 0, usual)
/* A set of bits that stands in an int64_t; only when not empty. */
#define CODEC_BITS(T, name, m)                                                                     \
    { name, CODEC_MASK, true, offsetof(T, m), _Generic(CODEC_M(T, m), int64_t: 8), 0, 0, NULL, 0, 0, 0, 0 }
/* `m`: the struct, `rows`: its table. */
#define CODEC_HAS(T, name, m, rows)                                                                \
    { name, CODEC_OBJECT, false, offsetof(T, m), sizeof(CODEC_M(T, m)), 0, 0, rows,                \
      ARRAY_LEN(rows), 0, 0, 0 }
/* `m`: the array, `count`: the int32_t that counts it, `rows`: the table of one element. */
#define CODEC_SOME(T, name, m, count, rows) CODEC_REST(T, name, m, count, rows, 0)
/* The same of those behind the first `before`, which stand in members of their own. */
#define CODEC_REST(T, name, m, count, rows, before)                                                \
    { name, CODEC_LIST, true, offsetof(T, m), sizeof(CODEC_M(T, m)[0]), 0, 0, rows, ARRAY_LEN(rows), \
      ARRAY_LEN(CODEC_M(T, m)), _Generic(CODEC_M(T, count), int32_t: offsetof(T, count)), before }
/* The row of an element that is a bare value of type T. */
#define CODEC_BARE(T)                                                                              \
    { NULL, CODEC_TYPE(*(T *)0), false, 0, sizeof(T), 0, 0, NULL, 0, 0, 0, 0 }
/* clang-format on */

struct codec_kind {
    const char *name; /* NULL: no kind has this number */
    const struct codec_field *fields;
    size_t fields_n;
};
extern const struct codec_kind codec_kinds[COMMAND_KINDS];

/* The table of struct market_rules. */
#define CODEC_RULES 16
extern const struct codec_field codec_rules[CODEC_RULES];

/* "submit-job", …; "" for a number that is no kind. */
const char *command_name(int64_t kind);

enum codec_fault {
    CODEC_OK,
    CODEC_NOT_CANONICAL, /* no JSON, or other JSON than this program would have written */
    CODEC_UNKNOWN_KIND,
    CODEC_UNKNOWN_VERSION,
    CODEC_UNKNOWN_MEMBER,
    CODEC_MISSING_MEMBER,
    CODEC_WRONG_TYPE,
    CODEC_OUT_OF_RANGE,
};

/* The text of a command, without seq and at_us; `more`, canonical JSON, is added under that name
 * unless it is empty. No memory, or more than fits: the buffer has failed. */
void codec_write(const struct command *c, struct str more, struct buf *out);

/* Read a text back; seq and at_us of *out are 0. *more is the text under that name, empty when
 * there is none; a NULL `more` allows none. A fault: *out and *more are untouched, and err names
 * kind and member. */
MUST_CHECK enum codec_fault codec_read(struct str text, struct command *out, struct str *more,
                                       struct err *err);

/* The same for any struct with a table of its own: an object of these members and no others. `what`
 * is the object's name in what err says. A fault may leave half of *out written. */
void codec_write_object(const struct codec_field *fields, size_t n, const void *base,
                        struct buf *out);
MUST_CHECK enum codec_fault codec_read_object(const struct codec_field *fields, size_t n,
                                              const char *what, struct str text, void *out,
                                              struct err *err);

/* One number of a member as the struct has it, and put there; for the two directions alone. */
int64_t codec_load(const struct codec_field *f, const void *base);
void codec_store(const struct codec_field *f, void *base, int64_t value);
/* Would an optional member of this value be left out? */
bool codec_is_usual(const struct codec_field *f, const void *base);
int32_t codec_count(const struct codec_field *list, const void *base);

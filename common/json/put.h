/* SPDX-License-Identifier: Apache-2.0 */
/* JSON written straight into a buffer, member by member, for answers that are given often: no value
 * is built, so nothing has to be freed. What comes out has no blanks, and members stand in the
 * order in which they were put.
 *
 *     json_open(&b, NULL, '{');
 *     json_put_i64(&b, "units", 4);
 *     json_open(&b, "pools", '[');
 *     json_put_c(&b, NULL, "cpu");
 *     json_close(&b, ']');
 *     json_close(&b, '}');                 {"units":4,"pools":["cpu"]}
 *
 * A name is a C string of letters, digits and _, put as it is; NULL: an item of a list, or the
 * whole document. A comma goes before whatever does not come first, which the buffer's last byte
 * tells: so nothing else may be put into it between two members. Out of room: the buffer has
 * failed. */
#pragma once

#include <jansson.h>

#include "base/buf.h"

void json_open(struct buf *b, const char *name, char bracket); /* '{' or '[' */
void json_close(struct buf *b, char bracket);                  /* '}' or ']' */

void json_put_text(struct buf *b, const char *name, struct str v); /* null when v.p is NULL */
void json_put_c(struct buf *b, const char *name, const char *v);   /* letters that need no escape */
void json_put_i64(struct buf *b, const char *name, int64_t v);
void json_put_bool(struct buf *b, const char *name, bool v);
void json_put_null(struct buf *b, const char *name);
void json_put_money(struct buf *b, const char *name, int64_t micros);
void json_put_time(struct buf *b, const char *name, int64_t at_us);    /* null for 0 */
void json_put_json(struct buf *b, const char *name, struct str value); /* a value as it is */
/* A tree, which stays the caller's; NULL fails the buffer, as there was no memory for it. */
void json_put_tree(struct buf *b, const char *name, const json_t *tree);

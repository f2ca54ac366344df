/* SPDX-License-Identifier: Apache-2.0 */
/* Steps and answers of strategies in the town; the table that names them is exploit.c. */
#pragma once

#include "tests/sim/town.h"

/* ---- Small things that the player does ---- */

int64_t now_s(const struct town *t);
const struct ask *own_ask(struct town *t); /* that is open; NULL: none */
int32_t own_free(struct town *t);          /* units of its node that no ask offers */
void withdraw(struct town *t);
bool offer(struct town *t, int64_t price, int32_t units);
/* An ask for all free units at this price, moved if it stands at another. */
void stand_at(struct town *t, int64_t price);
/* What somebody waits with, else a tick below the best rival, never below cost. */
int64_t best_price(struct town *t);

/* ---- With prices and offers: tricks.c ---- */

void trick_follow(struct town *t); /* the honest one: it stands, and moves once a minute */
void trick_repost(struct town *t);
void trick_renew(struct town *t);
void trick_haunt(struct town *t);
enum town_answer trick_ignore(struct town *t, const struct lease *l);
enum town_answer trick_bait(struct town *t, const struct lease *l);
void trick_grieve(struct town *t);
void trick_stuff(struct town *t);
void trick_wash(struct town *t);

/* ---- With gangs, displacement and the collar: tricks_lease.c ---- */

void trick_snipe(struct town *t);
void trick_decoy(struct town *t);
void trick_evict(struct town *t);
void trick_shill(struct town *t);
enum town_answer trick_stall(struct town *t, const struct lease *l);
void trick_evict_briefly(struct town *t);
void trick_shill_briefly(struct town *t);
enum town_answer trick_fail(struct town *t, const struct lease *l);
void trick_raid(struct town *t);
void trick_bomb(struct town *t);
void trick_paint(struct town *t);

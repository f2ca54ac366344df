/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/lease.h"

#include "tests/t.h"

TEST(every_state_and_event_has_a_name_of_its_own)
{
    for (size_t i = 0; i < LEASE_STATES; i++) {
        CHECK(lease_state_names[i] && lease_state_names[i][0] != '\0');
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(lease_state_names[i], lease_state_names[j]) != 0);
    }
    for (size_t i = 0; i < LEASE_EVENTS; i++) {
        CHECK(lease_event_names[i] && lease_event_names[i][0] != '\0');
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(lease_event_names[i], lease_event_names[j]) != 0);
    }
}

TEST(every_event_moves_some_lease)
{
    bool moves[LEASE_EVENTS] = { false };

    for (size_t i = 0; i < lease_edges_n; i++)
        moves[lease_edges[i].event] = true;
    for (size_t i = 0; i < LEASE_EVENTS; i++)
        CHECK(moves[i]);
}

TEST(an_event_leads_from_a_state_to_one_other_state)
{
    for (size_t i = 0; i < lease_edges_n; i++) {
        CHECK(lease_edges[i].from != lease_edges[i].to);
        for (size_t j = 0; j < i; j++)
            CHECK(lease_edges[i].from != lease_edges[j].from ||
                  lease_edges[i].event != lease_edges[j].event);
    }
}

TEST(next_is_the_table_and_nothing_else)
{
    size_t found = 0;

    for (enum lease_state s = 0; s < LEASE_STATES; s++) {
        for (enum lease_event e = 0; e < LEASE_EVENTS; e++) {
            enum lease_state to = LEASE_DISPUTED;
            if (!lease_next(s, e, &to)) {
                CHECK(to == LEASE_DISPUTED); /* untouched */
                continue;
            }
            found++;
            bool listed = false;
            for (size_t i = 0; i < lease_edges_n; i++)
                listed |= lease_edges[i].from == s && lease_edges[i].event == e &&
                          lease_edges[i].to == to;
            CHECK(listed);
        }
    }
    CHECK_I64(found, lease_edges_n);
}

TEST(every_state_can_be_reached_from_an_offer)
{
    bool reached[LEASE_STATES] = { [LEASE_OFFERED] = true };

    for (int round = 0; round < LEASE_STATES; round++)
        for (size_t i = 0; i < lease_edges_n; i++)
            if (reached[lease_edges[i].from]) reached[lease_edges[i].to] = true;
    for (size_t i = 0; i < LEASE_STATES; i++)
        CHECK(reached[i]);
}

TEST(from_every_state_there_is_a_way_to_an_end)
{
    bool ends[LEASE_STATES] = { [LEASE_SETTLED] = true, [LEASE_VOID] = true };

    for (int round = 0; round < LEASE_STATES; round++)
        for (size_t i = 0; i < lease_edges_n; i++)
            if (ends[lease_edges[i].to]) ends[lease_edges[i].from] = true;
    for (size_t i = 0; i < LEASE_STATES; i++)
        CHECK(ends[i]);
}

TEST(no_way_leads_out_of_an_end_and_no_other_state_is_one)
{
    bool leaves[LEASE_STATES] = { false };

    for (size_t i = 0; i < lease_edges_n; i++)
        leaves[lease_edges[i].from] = true;
    for (enum lease_state s = 0; s < LEASE_STATES; s++)
        CHECK(lease_is_final(s) == !leaves[s]);
}

/* Whatever the node does or does not do, the lease can end without it. */
TEST(a_silent_node_holds_no_lease_for_ever)
{
    for (enum lease_state s = 0; s < LEASE_STATES; s++) {
        enum lease_state to;
        if (lease_holds_units(s))
            CHECK(lease_next(s, LEASE_SILENCE, &to) && !lease_holds_units(to));
    }
}

TEST(units_are_held_from_the_offer_to_the_stop)
{
    CHECK(lease_holds_units(LEASE_OFFERED));
    CHECK(lease_holds_units(LEASE_PREPARING));
    CHECK(lease_holds_units(LEASE_RUNNING));
    CHECK(lease_holds_units(LEASE_STOPPING));
    CHECK(!lease_holds_units(LEASE_FINISHED));
    CHECK(!lease_holds_units(LEASE_LOST));
    CHECK(lease_holds_units(LEASE_PREEMPTED)); /* it has notice */
    CHECK(!lease_holds_units(LEASE_DISPUTED));
    CHECK(!lease_holds_units(LEASE_SETTLED));
    CHECK(!lease_holds_units(LEASE_VOID));
}

/* The agent learns from the server what others have done, and only while it has something to do. */
TEST(the_agent_is_told_what_others_cause_and_nothing_that_it_has_done_itself)
{
    for (size_t i = 0; i < lease_edges_n; i++) {
        const struct lease_edge *const e = &lease_edges[i];
        CHECK(e->agent_must_handle == (e->actor != LEASE_BY_AGENT && lease_holds_units(e->from)));
    }
}

TEST(a_row_says_in_a_whole_sentence_what_it_means)
{
    for (size_t i = 0; i < lease_edges_n; i++) {
        const char *const sentence = lease_edges[i].sentence;
        CHECK(sentence[0] >= 'A' && sentence[0] <= 'Z');
        CHECK(sentence[strlen(sentence) - 1] == '.');
    }
}

TESTS(T(every_state_and_event_has_a_name_of_its_own), T(every_event_moves_some_lease),
      T(an_event_leads_from_a_state_to_one_other_state), T(next_is_the_table_and_nothing_else),
      T(every_state_can_be_reached_from_an_offer), T(from_every_state_there_is_a_way_to_an_end),
      T(no_way_leads_out_of_an_end_and_no_other_state_is_one),
      T(a_silent_node_holds_no_lease_for_ever), T(units_are_held_from_the_offer_to_the_stop),
      T(the_agent_is_told_what_others_cause_and_nothing_that_it_has_done_itself),
      T(a_row_says_in_a_whole_sentence_what_it_means))

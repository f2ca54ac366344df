/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/sort.h"

#include "tests/t.h"

#define MOST 130

static int64_t number(size_t i)
{
    return (int64_t)(i * 7919 % 61) - 30;
}

TEST(any_number_of_items_comes_in_order)
{
    struct sort_item items[MOST], spare[MOST];
    char objects[MOST];

    for (size_t n = 0; n <= MOST; n++) {
        for (size_t i = 0; i < n; i++)
            items[i] = (struct sort_item){ number(i), number(i * i), &objects[i] };
        sort_items(items, spare, n);
        int64_t seen = 0;
        for (size_t i = 0; i < n; i++) {
            const int64_t at = (char *)items[i].object - objects;
            CHECK(items[i].first == number((size_t)at)); /* each with its own numbers, */
            CHECK(items[i].second == number((size_t)(at * at)));
            seen += at;
            if (i == 0) continue;
            const struct sort_item *const a = &items[i - 1], *const b = &items[i];
            CHECK(a->first <= b->first);
            CHECK(a->first < b->first || a->second <= b->second);
        }
        CHECK_I64(seen, (int64_t)n * ((int64_t)n - 1) / 2); /* and each once */
    }
}

TEST(equal_ones_stay_as_they_came)
{
    struct sort_item items[MOST], spare[MOST];
    char objects[MOST];

    for (size_t i = 0; i < MOST; i++)
        items[i] = (struct sort_item){ (int64_t)(i % 2), 0, &objects[i] };
    sort_items(items, spare, MOST);
    for (size_t i = 1; i < MOST; i++)
        CHECK(items[i - 1].first < items[i].first ||
              (char *)items[i - 1].object < (char *)items[i].object);
}

int main(void)
{
    any_number_of_items_comes_in_order();
    equal_ones_stay_as_they_came();
    return 0;
}

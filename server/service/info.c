/* SPDX-License-Identifier: Apache-2.0 */
#include "service/info.h"

const struct pool *info_pool(const struct market_info *i, int32_t number)
{
    for (size_t k = 0; k < i->pools_n; k++)
        if (i->pools[k].number == number) return &i->pools[k];
    return NULL;
}

const struct pool *info_pool_named(const struct market_info *i, struct str name)
{
    for (size_t k = 0; k < i->pools_n; k++)
        if (str_is(name, i->pools[k].name)) return &i->pools[k];
    return NULL;
}

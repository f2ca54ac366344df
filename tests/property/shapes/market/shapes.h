/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes that the naive market is compiled with in tests: those of server/domain, so that both
 * markets can be compared member by member. The auditor has its own: audit/market/shapes.h. */
#pragma once

#include "domain/bounds.h"
#include "domain/market.h" /* structs and enums only: no function of it is called */

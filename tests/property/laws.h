/* SPDX-License-Identifier: Apache-2.0 */
/* Laws that hold for every market, whoever is right about the details. */
#pragma once

#include "market/naive.h"

/* NULL, or a sentence that says which law is broken. The last command's trades are looked at too.
 */
const char *law_broken(struct naive *n);

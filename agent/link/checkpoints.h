/* SPDX-License-Identifier: Apache-2.0 */
/* Telling the market of a checkpoint: as in link_ops. */
#pragma once

#include "service/ports.h"

enum link_result checkpoint_post(void *api, struct str lease_id, struct str document,
                                 struct str signature, struct arena *a, bool *kept,
                                 struct str_list *missing, struct err *err);

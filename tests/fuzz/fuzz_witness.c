/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of add-checkpoint: whatever comes is refused or is what it says. */
#include "request.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct add_request r;
    const struct str s = { (const char *)data, size };

    if (add_request_parse(s, &r) != TLOG_OK) return 0;
    LAW(r.path_n < TREE_PATH_MAX && (r.old > 0 || r.path_n == 0));
    LAW(r.note.signatures_n > 0 && r.checkpoint.origin.n > 0);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of a signed request: Signature-Input, a line feed, Signature. */
#include "sign/request.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input, signature;
    struct request_claim claim;
    struct err err = { 0 };
    if (!str_cut((struct str){ (const char *)data, size }, '\n', &input, &signature)) return 0;
    if (!request_claim_parse(input, signature, &claim, &err)) {
        LAW(err.code == ERR_UNAUTHENTICATED);
        return 0;
    }
    const struct public_key nobody = { { 1 } };
    LAW(claim.keyid.n > 0 && claim.nonce.n > 0);
    LAW(!request_verify(&claim, &nobody, STR("GET"), STR("http://market/"), STR(""), STR(""),
                        claim.created * 1000000, &err));
    return 0;
}

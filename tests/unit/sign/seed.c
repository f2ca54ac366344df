/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sign/seed.h"

#include <unistd.h>

#include "base/base64.h"
#include "base/fd.h"
#include "tests/t.h"

static char folder[64];

static void remove_folder(void)
{
    rmdir(folder);
}

const char *scratch(const char *name)
{
    static char path[256];
    if (!folder[0]) {
        snprintf(folder, sizeof(folder), "/tmp/bourse-test-XXXXXX");
        CHECK(mkdtemp(folder) && atexit(remove_folder) == 0);
    }
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

/* RFC 8410: PKCS #8 of an Ed25519 key is this head and the seed. */
struct key *key_of_seed(uint8_t byte)
{
    static const uint8_t head[] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                    0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20 };
    uint8_t der[48];
    struct err err;
    struct buf pem;
    memcpy(der, head, sizeof(head));
    memset(der + sizeof(head), byte, 32);

    buf_init(&pem, 512);
    buf_c(&pem, "-----BEGIN PRIVATE KEY-----\n");
    base64_encode(der, sizeof(der), &pem);
    buf_c(&pem, "\n-----END PRIVATE KEY-----\n");
    const char *path = scratch("seed.pem");
    CHECK(file_write(path, buf_view(&pem), 0600, &err));
    struct key *k = key_load(path, &err);
    CHECK(k);
    CHECK(unlink(path) == 0);
    buf_done(&pem);
    return k;
}

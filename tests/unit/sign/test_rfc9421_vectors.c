/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 9421 B.2.6: the signature base of the RFC, its key and its signature. Not part of this
 * project: without the folder that BOURSE_VECTORS names (else ../shared/vectors beside the source
 * root, which is the first argument) the test is skipped. */
#include <jansson.h>

#include "base/base64.h"
#include "sign/key.h"
#include "tests/t.h"

#define SPKI_HEAD 12 /* what SubjectPublicKeyInfo has before the 32 bytes of the key */

static struct str text(const json_t *j, const char *name)
{
    const json_t *value = json_object_get(j, name);
    CHECK(json_is_string(value));
    return (struct str){ json_string_value(value), json_string_length(value) };
}

static json_t *load(int argc, char **argv)
{
    char path[4096];
    const char *folder = getenv("BOURSE_VECTORS");
    const char *root = argc > 1 ? argv[1] : ".";
    if (folder)
        snprintf(path, sizeof(path), "%s/identity/rfc9421_ed25519.json", folder);
    else
        snprintf(path, sizeof(path), "%s/../shared/vectors/identity/rfc9421_ed25519.json", root);
    return json_load_file(path, 0, NULL);
}

int main(int argc, char **argv)
{
    json_t *j = load(argc, argv);
    if (!j) SKIP("the folder of test vectors is not here");

    uint8_t spki[64];
    size_t n = sizeof(spki);
    struct public_key key;
    struct signature signature;
    CHECK(base64_decode(text(j, "public_key_spki_b64"), spki, &n));
    CHECK_I64(n, SPKI_HEAD + PUBLIC_KEY_SIZE);
    memcpy(key.b, spki + SPKI_HEAD, PUBLIC_KEY_SIZE);
    CHECK(signature_parse(text(j, "signature_b64"), &signature));

    const struct str base = text(j, "signature_base");
    char changed[1024];
    CHECK(base.n < sizeof(changed));
    memcpy(changed, base.p, base.n);
    CHECK(public_key_verify(&key, base, &signature));
    for (size_t i = 0; i < base.n; i++) {
        changed[i] ^= 1;
        CHECK(!public_key_verify(&key, (struct str){ changed, base.n }, &signature));
        changed[i] ^= 1;
    }
    printf("ok the_signature_of_the_rfc_fits_its_base_and_no_other\n");
    json_decref(j);
    return 0;
}

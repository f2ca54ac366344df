/* SPDX-License-Identifier: Apache-2.0 */
/* References of images: what may be asked for at all. */
#include "service/images.h"
#include "tests/t.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST(references_of_registries_and_blobs_are_taken)
{
    static const char *const good[] = { "busybox",
                                        "busybox:1.36",
                                        "docker.io/library/python:3",
                                        "registry.example:5000/team/train:1.4",
                                        "ghcr.io/a/b@sha256:" SHA,
                                        "a/b:tag@sha256:" SHA,
                                        "blob:sha256:" SHA };
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        CHECK(image_ref_ok(str_of(good[i])));
}

TEST(everything_else_is_refused)
{
    static const char *const bad[] = {
        "",
        " busybox",
        "busybox latest",
        "busybox?x=1",
        "busybox%2f",
        "busybox&tag=x",
        "../busybox",
        "/busybox",
        "-busybox",
        "bus\nybox",
        "busybox@sha256:12",
        "busybox@md5:" SHA,
        "sha256:" SHA,
        "blob:" SHA,
        "blob:sha256:" SHA "0",
        "blob:sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef"
        "0123456789abcdef"
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(!image_ref_ok(str_of(bad[i])));
}

TEST(a_digest_is_read_from_the_reference)
{
    CHECK(str_is(image_ref_digest(STR("blob:sha256:" SHA)), "sha256:" SHA));
    CHECK(str_is(image_ref_digest(STR("a/b:1@sha256:" SHA)), "sha256:" SHA));
    CHECK_I64(image_ref_digest(STR("a/b:1")).n, 0);
}

TESTS(T(references_of_registries_and_blobs_are_taken), T(everything_else_is_refused),
      T(a_digest_is_read_from_the_reference))

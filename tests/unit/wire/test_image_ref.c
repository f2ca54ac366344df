/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/image_ref.h"

#include "tests/t.h"

static bool registry_is(const char *ref, const char *want)
{
    return str_is(image_registry(str_of(ref)), want);
}

TEST(what_has_a_dot_or_a_port_in_front_is_a_registry)
{
    CHECK(registry_is("ghcr.io/a/b:1", "ghcr.io"));
    CHECK(registry_is("127.0.0.1:5000/a", "127.0.0.1:5000"));
    CHECK(registry_is("localhost/a@sha256:0", "localhost"));
    CHECK(registry_is("localhost:5000/a", "localhost:5000"));
}

TEST(all_else_is_docker_hubs)
{
    CHECK(registry_is("busybox", "docker.io"));
    CHECK(registry_is("busybox:1.2", "docker.io"));
    CHECK(registry_is("team/model", "docker.io"));
    CHECK(registry_is("docker.io/library/busybox", "docker.io"));
}

TEST(an_image_of_the_blob_store_has_none)
{
    CHECK_I64((int64_t)image_registry(STR("blob:sha256:00")).n, 0);
}

TEST(names_of_registries_are_hosts_with_or_without_a_port)
{
    CHECK(is_registry(STR("ghcr.io")) && is_registry(STR("localhost")));
    CHECK(is_registry(STR("r-1.example.org:5000")) && is_registry(STR("registry:80")));
    CHECK(!is_registry(STR("")) && !is_registry(STR("ghcr")) && !is_registry(STR("GHCR.io")));
    CHECK(!is_registry(STR("a.b:0")) && !is_registry(STR("a.b:65536")) &&
          !is_registry(STR("a.b:")));
    CHECK(!is_registry(STR("a.b/c")) && !is_registry(STR("a b.c")) && !is_registry(STR(".a")));
    CHECK(!is_registry(STR("-a.b")) && !is_registry(STR(":5000")));
}

TESTS(T(what_has_a_dot_or_a_port_in_front_is_a_registry), T(all_else_is_docker_hubs),
      T(an_image_of_the_blob_store_has_none),
      T(names_of_registries_are_hosts_with_or_without_a_port))

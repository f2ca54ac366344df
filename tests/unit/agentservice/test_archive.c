/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <unistd.h>

#include "service/archive.h"
#include "tests/t.h"

static char tar[1 << 16];
static size_t tar_n;
static struct err err;

static void finish_header(char *h)
{
    unsigned sum = 0;
    memset(h + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
}

static void add(const char *name, char type, const char *content)
{
    char *h = tar + tar_n;
    const size_t n = strlen(content);
    memset(h, 0, 512);
    snprintf(h, 100, "%s", name);
    snprintf(h + 124, 12, "%011o", (unsigned)n);
    h[156] = type;
    finish_header(h);
    memcpy(h + 512, content, n);
    tar_n += 512 + (n + 511) / 512 * 512;
}

static void fresh(void)
{
    memset(tar, 0, sizeof(tar));
    tar_n = 0;
}

/* The archive with two empty blocks at its end, untagged; `tar` then holds the result. */
static bool untag(void)
{
    FILE *f = tmpfile();
    CHECK(f != NULL);
    const size_t size = tar_n + 1024;
    CHECK(fwrite(tar, 1, size, f) == size && fflush(f) == 0);
    const bool ok = archive_untag(fileno(f), (int64_t)size, &err);
    CHECK(pread(fileno(f), tar, size, 0) == (ssize_t)size);
    fclose(f);
    return ok;
}

static bool holds(const char *text)
{
    return memmem(tar, tar_n, text, strlen(text)) != NULL;
}

TEST(tags_of_a_docker_archive_are_taken_out)
{
    fresh();
    add("layer.tar", '0', "bytes of a layer, \"RepoTags\":[\"x:1\"] among them");
    add("manifest.json", '0',
        "[{\"Config\": \"c.json\", \"RepoTags\": [\"python:3\", \"b:2\"], "
        "\"Layers\": [\"layer.tar\"]}]");
    add("repositories", '0', "{\"python\": {\"3\": \"abc\"}}");
    CHECK(untag());
    CHECK(holds("\"RepoTags\":[\"x:1\"]"));
    CHECK(!holds("python"));
    CHECK(holds("\"RepoTags\":null"));
    CHECK(holds("\"Config\":\"c.json\"") && holds("\"Layers\":[\"layer.tar\"]"));
}

TEST(names_of_an_oci_archive_are_taken_out)
{
    fresh();
    add("oci-layout", '0', "{\"imageLayoutVersion\": \"1.0.0\"}");
    add("./index.json", '0',
        "{\"schemaVersion\": 2, \"manifests\": [{\"digest\": \"sha256:1\", \"size\": 7, "
        "\"annotations\": {\"org.opencontainers.image.ref.name\": \"python:3\"}}]}");
    CHECK(untag());
    CHECK(!holds("python"));
    CHECK(holds("\"digest\":\"sha256:1\"") && holds("imageLayoutVersion"));
}

TEST(an_escaped_key_is_a_key_all_the_same)
{
    fresh();
    add("manifest.json", '0', "[{\"Repo\\u0054ags\": [\"python:3\"]}]");
    CHECK(untag());
    CHECK(!holds("python"));
}

TEST(the_size_of_the_file_stays)
{
    fresh();
    const char *content = "[ { \"RepoTags\" : [ \"a:1\" ] } ]";
    add("manifest.json", '0', content);
    CHECK(untag());
    const char *at = tar + 512;
    CHECK(strncmp(at, "[{\"RepoTags\":null}]", 19) == 0);
    for (size_t i = 19; i < strlen(content); i++)
        CHECK(at[i] == ' ');
}

TEST(what_is_no_plain_tar_is_refused)
{
    fresh();
    CHECK(!untag()); /* empty */
    fresh();
    memcpy(tar, "\x1f\x8b\x08", 3);
    tar_n = 512;
    CHECK(!untag());
    fresh();
    add("manifest.json", '0', "[]");
    tar[0] = 'M'; /* the sum no longer fits */
    CHECK(!untag());
    CHECK_I64(err.code, ERR_VALIDATION_FAILED);
}

TEST(a_member_that_is_cut_off_is_refused)
{
    fresh();
    add("layer.tar", '0', "x");
    snprintf(tar + 124, 12, "%011o", 100000);
    finish_header(tar);
    CHECK(!untag());
}

TEST(an_index_in_disguise_is_refused)
{
    static const struct {
        const char *name;
        char type;
        const char *content;
    } tricks[] = {
        { "manifest.json", '2', "" },              /* a symbolic link */
        { "manifest.json", '1', "" },              /* a hard link */
        { "pax", 'x', "22 path=manifest.json\n" }, /* the next member's true name */
        { "././@LongLink", 'L', "manifest.json" }, /* the same in GNU's words */
        { "manifest.json", '0', "not json" },
        { "manifest.json", '0', "[{\"RepoTags\":[\"a:1\"],\"RepoTags\":[\"b:1\"]}]" }, /* twice */
        { "manifest.json/.", '0', "[{\"RepoTags\":[\"a:1\"]}]" },
        { "x/..", '0', "[]" },
    };
    for (size_t i = 0; i < ARRAY_LEN(tricks); i++) {
        fresh();
        add(tricks[i].name, tricks[i].type, tricks[i].content);
        if (untag()) fprintf(stderr, "trick %zu went through\n", i);
        CHECK_I64(err.code, ERR_VALIDATION_FAILED);
        err.code = ERR_NONE;
    }
}

TEST(an_index_deeper_down_is_taken_no_more_at_its_word)
{
    fresh();
    add("a/b/manifest.json", '0', "[{\"RepoTags\":[\"python:3\"]}]");
    CHECK(untag());
    CHECK(!holds("python"));
}

TESTS(T(tags_of_a_docker_archive_are_taken_out), T(names_of_an_oci_archive_are_taken_out),
      T(an_escaped_key_is_a_key_all_the_same), T(the_size_of_the_file_stays),
      T(what_is_no_plain_tar_is_refused), T(a_member_that_is_cut_off_is_refused),
      T(an_index_in_disguise_is_refused), T(an_index_deeper_down_is_taken_no_more_at_its_word))

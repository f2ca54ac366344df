/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "http/statics.h"
#include "tests/t.h"

static char folder[32];

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    struct err err;
    CHECK(file_write(path_of(name), str_of(text), 0600, &err));
}

static void make(void)
{
    struct err err;
    snprintf(folder, sizeof(folder), "/tmp/bourse-static-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    CHECK(dir_make(path_of("css"), &err) && dir_make(path_of("vendor"), &err));
    put("index.html", "<p>");
    put("css/app.css", "p{}");
    put("css/app.css.gz", "zipped");
    put("vendor/a.0123.js", "1");
    put(".hidden.html", "no");
    put("notes.secret", "no");
    put("contract", "openapi: 3.1.0");
}

static void remove_all(void)
{
    static const char *const files[] = { "index.html",       "css/app.css",  "css/app.css.gz",
                                         "vendor/a.0123.js", ".hidden.html", "notes.secret",
                                         "contract" };
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        unlink(path_of(files[i]));
    CHECK(rmdir(path_of("css")) == 0 && rmdir(path_of("vendor")) == 0 && rmdir(folder) == 0);
}

TEST(files_are_found_by_their_whole_path)
{
    struct err err;
    make();
    struct statics *s = statics_new(folder, NULL, &err);
    CHECK(s != NULL);
    const struct static_file *f = statics_find(s, STR("css/app.css"));
    CHECK(f && str_is(f->bytes, "p{}"));
    CHECK(!statics_find(s, STR("app.css")));
    CHECK(!statics_find(s, STR("css/../index.html")));
    CHECK(!statics_find(s, STR("/index.html")));
    CHECK(!statics_find(s, STR("")));
    statics_free(s);
    remove_all();
}

TEST(a_compressed_sibling_belongs_to_its_file)
{
    struct err err;
    make();
    struct statics *s = statics_new(folder, NULL, &err);
    CHECK(str_is(statics_find(s, STR("css/app.css"))->gzipped, "zipped"));
    CHECK(!statics_find(s, STR("index.html"))->gzipped.p);
    CHECK(!statics_find(s, STR("css/app.css.gz")));
    statics_free(s);
    remove_all();
}

TEST(what_is_hidden_or_of_no_known_type_is_not_served)
{
    struct err err;
    make();
    struct statics *s = statics_new(folder, NULL, &err);
    CHECK(!statics_find(s, STR(".hidden.html")));
    CHECK(!statics_find(s, STR("notes.secret")));
    CHECK(!statics_find(s, STR("openapi.yaml")));
    statics_free(s);
    remove_all();
}

TEST(types_tags_and_what_never_changes)
{
    struct err err;
    make();
    struct statics *s = statics_new(folder, NULL, &err);
    const struct static_file *page = statics_find(s, STR("index.html"));
    CHECK_STR(page->type, "text/html; charset=utf-8");
    CHECK_STR(page->etag, "\"33f2799467177287a29260780a107ac9\"");
    CHECK(!page->immutable);
    CHECK(statics_find(s, STR("vendor/a.0123.js"))->immutable);
    statics_free(s);
    remove_all();
}

TEST(the_contract_may_lie_elsewhere)
{
    struct err err;
    char contract[256];
    make();
    snprintf(contract, sizeof(contract), "%s", path_of("contract"));
    struct statics *s = statics_new(folder, contract, &err);
    const struct static_file *f = statics_find(s, STR("openapi.yaml"));
    CHECK(f && str_is(f->bytes, "openapi: 3.1.0"));
    CHECK_STR(f->type, "application/yaml");
    statics_free(s);
    remove_all();
}

TEST(a_folder_or_contract_that_is_missing_is_told)
{
    struct err err;
    make();
    CHECK(!statics_new(path_of("nowhere"), NULL, &err));
    CHECK(strstr(err.detail, "nowhere") != NULL);
    char contract[256];
    snprintf(contract, sizeof(contract), "%s", path_of("missing.yaml"));
    CHECK(!statics_new(folder, contract, &err));
    CHECK(strstr(err.internal, "missing.yaml") != NULL);
    remove_all();
}

TESTS(T(files_are_found_by_their_whole_path), T(a_compressed_sibling_belongs_to_its_file),
      T(what_is_hidden_or_of_no_known_type_is_not_served), T(types_tags_and_what_never_changes),
      T(the_contract_may_lie_elsewhere), T(a_folder_or_contract_that_is_missing_is_told))

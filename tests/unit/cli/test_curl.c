/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/curl.h"

#include "tests/t.h"

static const char *written(const struct curl_request *r)
{
    static char text[1024];
    struct buf out;
    buf_init(&out, sizeof(text) - 1);
    curl_write(r, &out);
    CHECK(!out.failed);
    memcpy(text, out.p, out.n);
    text[out.n] = '\0';
    buf_done(&out);
    return text;
}

TEST(a_get_needs_only_its_address)
{
    const struct curl_request r = { .method = "GET", .url = "http://m/v1/pools" };
    CHECK_STR(written(&r), "curl -sS 'http://m/v1/pools'\n");
}

TEST(the_token_is_a_variable_of_the_shell)
{
    const struct curl_request r = { .method = "GET", .url = "http://m/v1/jobs", .bearer = true };
    CHECK_STR(written(&r),
              "curl -sS 'http://m/v1/jobs' -H \"Authorization: Bearer $BOURSE_TOKEN\"\n");
}

TEST(a_post_carries_headers_and_body_in_quotes)
{
    const char *const headers[] = { "Idempotency-Key: k1", NULL };
    const struct curl_request r = {
        .method = "POST",
        .url = "http://m/v1/jobs",
        .content_type = "application/json",
        .headers = headers,
        .body = STR("{\"name\":\"it's; $HOME `x`\"}"),
    };
    CHECK_STR(written(&r),
              "curl -sS -X POST 'http://m/v1/jobs' -H 'Content-Type: application/json' "
              "-H 'Idempotency-Key: k1' --data-raw '{\"name\":\"it'\\''s; $HOME `x`\"}'\n");
}

TEST(a_file_is_sent_by_its_name)
{
    const struct curl_request r = { .method = "PUT",
                                    .url = "http://m/v1/blobs/00",
                                    .file = "a b.tar" };
    CHECK_STR(written(&r), "curl -sS 'http://m/v1/blobs/00' -T 'a b.tar'\n");
}

TEST(a_head_asks_for_headers)
{
    const struct curl_request r = { .method = "HEAD", .url = "http://m/" };
    CHECK_STR(written(&r), "curl -sS -I 'http://m/'\n");
}

TESTS(T(a_get_needs_only_its_address), T(the_token_is_a_variable_of_the_shell),
      T(a_post_carries_headers_and_body_in_quotes), T(a_file_is_sent_by_its_name),
      T(a_head_asks_for_headers))

/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http.h"
#include "http/metrics.h"
#include "tests/t.h"

static const struct route routes[] = {
    { "GET", "/v1/jobs/{job_id}", AUTH_NONE, SCOPE_NONE, 0, NULL, NULL, "get_job" },
    { "POST", "/v1/jobs", AUTH_NONE, SCOPE_NONE, 0, NULL, NULL, "post_jobs" },
};

#define JOB "daemon=\"api\",route=\"/v1/jobs/{job_id}\",method=\"GET\""

static struct metrics *m;
static struct buf text;

static void start(void)
{
    m = metrics_new();
    metrics_add_table(m, "api", routes, ARRAY_LEN(routes));
    buf_init(&text, 1 << 20);
}

static void stop(void)
{
    buf_done(&text);
    metrics_free(m);
}

static const char *written(void)
{
    buf_clear(&text);
    metrics_write(m, &text);
    buf_char(&text, '\0');
    CHECK(!text.failed);
    return text.p;
}

#define HAS(part) CHECK(strstr(written(), part) != NULL)

TEST(requests_count_under_template_method_and_status)
{
    start();
    metrics_answered(m, &routes[0], 200, 400);
    metrics_answered(m, &routes[0], 200, 400);
    metrics_answered(m, &routes[0], 404, 400);
    HAS("bourse_http_requests_total{" JOB ",code=\"200\"} 2\n");
    HAS("bourse_http_requests_total{" JOB ",code=\"404\"} 1\n");
    stop();
}

TEST(what_fits_no_route_and_a_status_of_no_list_count_too)
{
    start();
    metrics_answered(m, NULL, 404, 10);
    metrics_answered(m, &routes[0], 299, 10);
    HAS("bourse_http_requests_total{daemon=\"\",route=\"\",method=\"\",code=\"404\"} 1\n");
    HAS("bourse_http_requests_total{" JOB ",code=\"0\"} 1\n");
    stop();
}

TEST(buckets_are_cumulative_and_their_bounds_are_included)
{
    start();
    metrics_answered(m, &routes[0], 200, 500);
    metrics_answered(m, &routes[0], 200, 501);
    metrics_answered(m, &routes[0], 200, 70000000);
    HAS("_bucket{" JOB ",le=\"0.000500\"} 1\n");
    HAS("_bucket{" JOB ",le=\"0.001000\"} 2\n");
    HAS("_bucket{" JOB ",le=\"60.000000\"} 2\n");
    HAS("_bucket{" JOB ",le=\"+Inf\"} 3\n");
    HAS("_sum{" JOB "} 70.001001\n");
    HAS("_count{" JOB "} 3\n");
    stop();
}

TEST(a_route_that_nobody_asked_for_has_no_line)
{
    start();
    metrics_answered(m, &routes[0], 200, 1);
    CHECK(!strstr(written(), "method=\"POST\""));
    HAS("# TYPE bourse_http_requests_total counter\n");
    HAS("# TYPE bourse_http_request_duration_seconds histogram\n");
    stop();
}

TEST(totals_go_up_and_down)
{
    start();
    metrics_count(m, GAUGE_CONNECTIONS, 2);
    metrics_count(m, GAUGE_CONNECTIONS, -1);
    metrics_count(NULL, GAUGE_CONNECTIONS, 1);
    CHECK_I64(metrics_get(m, GAUGE_CONNECTIONS), 1);
    CHECK_I64(metrics_get(m, GAUGE_INFLIGHT), 0);
    stop();
}

TEST(a_line_has_its_head_once)
{
    start();
    metrics_line(&text, "a_total", "counter", "Things.", NULL, 5);
    metrics_line(&text, "b", "gauge", "Sides.", "side=\"bid\"", -1);
    metrics_line(&text, "b", NULL, NULL, "side=\"ask\"", 2);
    buf_char(&text, '\0');
    CHECK_STR(text.p, "# HELP a_total Things.\n# TYPE a_total counter\na_total 5\n"
                      "# HELP b Sides.\n# TYPE b gauge\nb{side=\"bid\"} -1\nb{side=\"ask\"} 2\n");
    stop();
}

TESTS(T(requests_count_under_template_method_and_status),
      T(what_fits_no_route_and_a_status_of_no_list_count_too),
      T(buckets_are_cumulative_and_their_bounds_are_included),
      T(a_route_that_nobody_asked_for_has_no_line), T(totals_go_up_and_down),
      T(a_line_has_its_head_once))

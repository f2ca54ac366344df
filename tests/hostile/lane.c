/* SPDX-License-Identifier: Apache-2.0 */
/* One container with a network, by the agent's own drivers, for test_egress.py:
 *
 *   lane SOCKET STATE EGRESS [allow=HOST…] [dns=ADDRESS] [bytes=N] [rate=N] -- WORD…
 *
 * makes the network and a container of the probe's image in it, runs WORD…, prints what it printed
 * and, last, the summary of flows. Everything is removed at the end. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "docker/docker.h"
#include "net/net.h"
#include "service/probe_image.h"

#define NAME "bourse-lane-test"

static struct err err;

static void must(bool ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "%s: %s (%s)\n", what, err.detail, err.internal);
    exit(1);
}

static bool print(void *arg, enum log_stream stream, const void *p, size_t n)
{
    (void)arg;
    (void)stream;
    return fwrite(p, 1, n, stdout) == n;
}

static void load(struct docker *d, struct engine_image *image)
{
    const size_t size = (size_t)(probe_image_end - probe_image);
    const int fd = memfd_create("probe", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, probe_image, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0,
         "the image");
    must(docker_ops.image_load(d, fd, (int64_t)size, image, &err) == ENGINE_DONE, "load");
    close(fd);
}

struct asked {
    struct net_spec net;
    struct net_limits limits;
    struct str allow[16], words[64];
    size_t allow_n, words_n;
};

static void read_words(int argc, char **argv, struct asked *a)
{
    int i = 4;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "allow=", 6) == 0) a->allow[a->allow_n++] = str_of(argv[i] + 6);
        if (strncmp(argv[i], "dns=", 4) == 0) a->limits.name_server = argv[i] + 4;
        if (strncmp(argv[i], "bytes=", 6) == 0)
            a->limits.bytes_max = (int64_t)strtoull(argv[i] + 6, NULL, 10);
        if (strncmp(argv[i], "rate=", 5) == 0)
            a->limits.bytes_second = (int64_t)strtoull(argv[i] + 5, NULL, 10);
    }
    for (i++; i < argc; i++)
        a->words[a->words_n++] = str_of(argv[i]);
    a->net = (struct net_spec){ NAME, str_of(argv[3]), { a->allow, a->allow_n } };
}

static void run(struct docker *d, const struct container_spec *spec)
{
    const struct log_sink sink = { print, NULL };
    must(docker_ops.container_remove(d, NAME, &err) == ENGINE_DONE, "remove");
    must(docker_ops.container_create(d, spec, &err) == ENGINE_DONE, "create");
    must(docker_ops.container_start(d, NAME, &err) == ENGINE_DONE, "start");
    must(docker_ops.container_wait(d, NAME, &err) == ENGINE_DONE, "wait");
    must(docker_ops.logs_read(d, NAME, false, &sink, &err) == ENGINE_DONE, "logs");
    must(docker_ops.container_remove(d, NAME, &err) == ENGINE_DONE, "remove");
}

int main(int argc, char **argv)
{
    struct asked a = { .allow_n = 0 };
    struct engine_image image;
    struct net_place place;
    struct buf flows = { .max = 1 << 20 };
    char out_dir[256];
    if (argc < 5) return 2;
    read_words(argc, argv, &a);
    snprintf(out_dir, sizeof(out_dir), "%s/out", argv[2]);
    must(mkdir(out_dir, 0777) == 0 && chmod(out_dir, 0777) == 0, "out");
    struct docker *d = docker_new(argv[1], "bourse-test/1", NULL);
    struct net *n = net_new(argv[2], &a.limits, &err);
    must(n != NULL, "net");
    load(d, &image);
    must(net_ops.open(n, &a.net, &place, &err), "open");
    const struct container_spec spec = { .name = NAME,
                                         .lease_id = STR("lease"),
                                         .job_id = STR("job"),
                                         .node_id = STR("node"),
                                         .image_id = image.id,
                                         .command = { a.words, a.words_n },
                                         .cpu_millis = 1000,
                                         .memory_bytes = 64 << 20,
                                         .scratch_bytes = 1 << 20,
                                         .pids_max = 64,
                                         .out_dir = out_dir,
                                         .netns = place.path,
                                         .resolver = place.resolver };
    run(d, &spec);
    must(net_ops.flows(n, NAME, &flows, &err), "flows");
    struct net_spent spent[] = { { .name = NAME }, { .name = "nobody" } };
    must(net_ops.spent(n, spent, 2, &err), "spent");
    must(!spent[1].spent, "what is not there is not spent");
    printf("spent\t%d\n", (int)spent[0].spent);
    printf("%.*s\n", (int)flows.n, flows.p);
    buf_done(&flows);
    net_ops.close(n, NAME);
    net_free(n);
    docker_free(d);
    return 0;
}

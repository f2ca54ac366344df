/* SPDX-License-Identifier: Apache-2.0 */
/* bourse-witness: cosigns the checkpoints of logs that only grow. docs/log.md. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/notify.h"
#include "serve.h"

struct options {
    const char *state, *name, *origins, *listen;
};

static const char help[] =
    "bourse-witness " BOURSE_VERSION ", cosigns logs that only grow (c2sp.org/tlog-witness)\n"
    "\n"
    "  bourse-witness init --state DIR --name NAME      make a key; prints its verifier key\n"
    "  bourse-witness run --state DIR --origins FILE [--listen 127.0.0.1:8090]\n"
    "\n"
    "  --state DIR      key, name, and the last checkpoint of each log\n"
    "  --name NAME      of this witness, without blanks and '+', as witness.example/1\n"
    "  --origins FILE   a line with the verifier key of each log that is cosigned\n"
    "  --listen ADDR    HOST:PORT; POST /add-checkpoint is answered there\n";

static int fail(const struct err *err)
{
    fprintf(stderr, "bourse-witness: %s\n", err->detail);
    return 1;
}

static int usage(void)
{
    fputs(help, stderr);
    return 2;
}

static bool read_options(int argc, char **argv, struct options *o)
{
    const struct {
        const char *name;
        const char **value;
    } known[] = { { "--state", &o->state },
                  { "--name", &o->name },
                  { "--origins", &o->origins },
                  { "--listen", &o->listen } };

    for (int i = 2; i < argc; i += 2) {
        size_t k = 0;
        while (k < ARRAY_LEN(known) && strcmp(known[k].name, argv[i]) != 0)
            k++;
        if (k == ARRAY_LEN(known) || i + 1 == argc) return false;
        *known[k].value = argv[i + 1];
    }
    return o->state != NULL;
}

static void print_key(const struct witness *w)
{
    char text[NOTE_VKEY_MAX];

    note_key_text(witness_key(w), text);
    printf("%s\n", text);
    fflush(stdout);
}

static int verb_init(const struct options *o)
{
    struct err err = { 0 };
    const struct witness_options wo = { o->state, "/dev/null" };

    if (!o->name) return usage();
    if (!witness_init(o->state, o->name, &err)) return fail(&err);
    struct witness *w = witness_open(&wo, &err);
    if (!w) return fail(&err);
    print_key(w);
    witness_close(w);
    return 0;
}

static void wait_for_end(void)
{
    sigset_t ends;
    int which = 0;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    notify_tell("READY=1");
    (void)sigwait(&ends, &which);
    notify_tell("STOPPING=1");
}

static int verb_run(const struct options *o)
{
    struct err err = { 0 };
    const struct witness_options wo = { o->state, o->origins };
    sigset_t ends;

    if (!o->origins) return usage();
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &ends, NULL); /* before any thread: they come to main alone */
    struct witness *w = witness_open(&wo, &err);
    struct serve *s = w ? serve_start(w, o->listen, &err) : NULL;
    if (s) {
        print_key(w);
        LOG(LOG_INFO, "witness.listening", LOG_C("address", o->listen));
        wait_for_end();
    }
    serve_stop(s);
    witness_close(w);
    return s ? 0 : fail(&err);
}

int main(int argc, char **argv)
{
    struct options o = { .listen = "127.0.0.1:8090" };

    umask(0077);
    if (argc >= 2 && (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)) {
        fputs(help, stdout);
        return 0;
    }
    if (argc < 2 || !read_options(argc, argv, &o)) return usage();
    if (strcmp(argv[1], "init") == 0) return verb_init(&o);
    if (strcmp(argv[1], "run") == 0) return verb_run(&o);
    return usage();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* charlm: a character-level language model that trains itself on one processor core.
 *
 * One layer of 128 gated recurrent units (GRU) reads a text letter by letter and learns to guess
 * the next letter (gru.h). Sixteen places of the text are read at once; every 32 letters the error
 * is carried back through time by hand-written derivatives, and Adam moves the weights.
 *
 * The same binary gives the same weights, bit for bit, on every x86-64 machine. So a stranger's
 * work can be checked by doing it again, and a run that was cut off continues from a checkpoint as
 * if nothing had happened. What that takes:
 *   - only arithmetic that IEEE 754 defines to the last bit, and our own exp and ln (quad.h);
 *   - an order of additions that is written down, not left to threads or to a library;
 *   - SSE2, which every x86-64 has, and no fused multiply-add (-ffp-contract=off).
 *
 * Files are raw structs, little-endian as the processor. */
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "gru.h"

enum {
    SPAN = 32,   /* letters between two steps of learning */
    BLOCK = 512, /* every tenth block of the text is held out */
    TEXT_MAX = 16 << 20,
    SAMPLE = 200,
};

#define KEPT  "charlm.bin" /* in the folder that the market saves */
#define RATE  0.006f       /* of learning, at first; it falls as 1 / (1 + step / 400) */
#define BETA1 0.9f
#define BETA2 0.99f
#define CLIP  1.0   /* the longest gradient we follow */
#define DECAY 0.05f /* of weights, times the rate: what is not needed fades */

/* All that a run is: what a checkpoint holds. */
struct training {
    char magic[8];
    uint8_t text_sha256[32];
    int64_t step;
    double beta1_power, beta2_power;
    lanes h[HIDDEN];
    struct model w, mean, square; /* weights; Adam's running means of gradient and its square */
};

struct text {
    uint8_t *train, *held; /* as symbols */
    size_t train_n, held_n;
    int symbols;
    uint8_t letter[SYMBOLS_MAX], symbol[256], sha256[32];
};

struct options {
    int64_t steps, checkpoint_every;
    const char *resume, *out, *text;
};

/* The text that comes with the program. */
__asm__(".section .rodata\n"
        "builtin_text:\n"
        ".incbin \"constitution.txt\"\n"
        "builtin_text_end:\n"
        ".previous\n");
extern const uint8_t builtin_text[], builtin_text_end[];

static struct training run;
static struct model gradient;
static struct moment moments[SPAN];
static volatile sig_atomic_t told_to_stop;

/* Adam with decaying weights, and the gradient's length bounded. */
static void learn(void)
{
    float *const w = (float *)&run.w, *const mean = (float *)&run.mean;
    float *const square = (float *)&run.square;
    const float *const g = (const float *)&gradient;
    double length = 0;
    for (size_t i = 0; i < WEIGHTS; i++) {
        length += (double)g[i] * (double)g[i];
    }
    length = root(length) / (SPAN * LANES);
    const float scale = (float)((length > CLIP ? CLIP / length : 1) / (SPAN * LANES));
    run.beta1_power *= (double)BETA1;
    run.beta2_power *= (double)BETA2;
    const float rate = RATE / (1 + (float)run.step / 400);
    const float step = (float)((double)rate / (1 - run.beta1_power));
    const float unbias = (float)(1 / (1 - run.beta2_power));
    for (size_t i = 0; i < WEIGHTS; i++) {
        const float gi = g[i] * scale;
        mean[i] = BETA1 * mean[i] + (1 - BETA1) * gi;
        square[i] = BETA2 * square[i] + (1 - BETA2) * gi * gi;
        w[i] -=
            rate * DECAY * w[i] + step * mean[i] / (__builtin_sqrtf(square[i] * unbias) + 1e-8f);
    }
}

/* One step: SPAN letters in each lane, and back. The loss per letter, in nats. Where the lanes
 * stand follows from the number of the step, so a checkpoint need not tell. One lane after the
 * other forgets what it read: a model that never learnt to begin would be lost at a beginning. */
static double train_step(const struct text *t)
{
    static lanes dh[HIDDEN];
    double loss = 0;
    const int64_t fresh = run.step % LANES;
    for (int i = 0; i < HIDDEN; i++) {
        run.h[i][fresh / 4][fresh % 4] = 0;
    }
    for (int k = 0; k < SPAN; k++) {
        for (size_t l = 0; l < LANES; l++) {
            const size_t at = l * t->train_n / LANES + (size_t)run.step * SPAN + (size_t)k;
            moments[k].x[l] = t->train[at % t->train_n];
            moments[k].target[l] = t->train[(at + 1) % t->train_n];
        }
        forward(&run.w, t->symbols, run.h, &moments[k]);
        loss += surprise(&moments[k]);
    }
    memset(&gradient, 0, sizeof(gradient));
    memset(dh, 0, sizeof(dh));
    for (int k = SPAN - 1; k >= 0; k--) {
        lanes *const after = k + 1 < SPAN ? moments[k + 1].h : run.h;
        backward(&run.w, t->symbols, &moments[k], after, dh, &gradient);
    }
    learn();
    run.step++;
    return loss / (SPAN * LANES);
}

/* The loss per letter on text that the model never learnt from. */
static double held_out_loss(const struct text *t)
{
    static lanes h[HIDDEN];
    static struct moment m;
    const size_t part = t->held_n / LANES;
    double loss = 0;
    memset(h, 0, sizeof(h));
    for (size_t k = 0; k + 1 < part; k++) {
        for (size_t l = 0; l < LANES; l++) {
            m.x[l] = t->held[l * part + k];
            m.target[l] = t->held[l * part + k + 1];
        }
        forward(&run.w, t->symbols, h, &m);
        loss += surprise(&m);
    }
    return loss / (double)((part - 1) * LANES);
}

/* splitmix64: a fraction in [0, 1). */
static double next_fraction(uint64_t *seed)
{
    uint64_t x = *seed += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (double)((x ^ x >> 31) >> 11) * 0x1p-53;
}

static void init_weights(void)
{
    uint64_t seed = 1;
    float *const w = (float *)&run.w;
    for (size_t i = 0; i < WEIGHTS; i++) {
        w[i] = (float)(next_fraction(&seed) - 0.5) * 0.16f;
    }
    memset(run.w.out_bias, 0, sizeof(run.w.out_bias));
}

/* Let the model write. Likely letters are made likelier (p²): it then writes more calmly. */
static void print_sample(const struct text *t)
{
    static lanes h[HIDDEN];
    static struct moment m;
    uint64_t seed = 2;
    int x = t->train[0];
    memset(h, 0, sizeof(h));
    printf("sample: %c", t->letter[x]);
    for (int k = 1; k < SAMPLE; k++) {
        memset(m.x, x, sizeof(m.x));
        forward(&run.w, t->symbols, h, &m);
        double weight[SYMBOLS_MAX], sum = 0;
        for (int s = 0; s < t->symbols; s++) {
            const double p = (double)m.p[s][0][0];
            sum += weight[s] = p * p;
        }
        double left = next_fraction(&seed) * sum;
        for (x = 0; x + 1 < t->symbols && left >= weight[x]; x++) {
            left -= weight[x];
        }
        putchar(t->letter[x]);
    }
    putchar('\n');
}

/* ---- files and words ---- */

/* The folder that the market saves and puts back, when there is one; NULL: none. */
static const char *kept_dir(void)
{
    const char *const dir = getenv("BOURSE_CHECKPOINT_DIR");
    return dir && *dir ? dir : NULL;
}

static void checkpoint_save(const char *dir)
{
    if (kept_dir()) file_save(kept_dir(), KEPT, &run, sizeof(run));
    char name[64];
    snprintf(name, sizeof(name), "checkpoint-%lld.bin", (long long)run.step);
    file_save(dir, name, &run, sizeof(run));
}

static void checkpoint_load(const char *path, const struct text *t)
{
    size_t n;
    uint8_t *const p = file_load(path, sizeof(run), &n);
    errno = 0;
    if (n != sizeof(run) || memcmp(p, "charlm1", 8) != 0) fail("is no checkpoint", path);
    memcpy(&run, p, sizeof(run));
    free(p);
    if (memcmp(run.text_sha256, t->sha256, 32) != 0) fail("was made from another text", path);
}

/* Go on where the last run of this job was, if there was one. */
static void checkpoint_find(const struct text *t)
{
    char path[4096];
    if (!kept_dir()) return;
    snprintf(path, sizeof(path), "%s/%s", kept_dir(), KEPT);
    if (access(path, R_OK) == 0) checkpoint_load(path, t);
}

/* Letters become symbols, in the order of their bytes; every tenth block is held out. */
static void text_load(const char *path, struct text *t)
{
    size_t n = (size_t)(builtin_text_end - builtin_text);
    const uint8_t *const bytes = path ? file_load(path, TEXT_MAX, &n) : builtin_text;
    errno = 0;
    if (n < 10 * BLOCK || n > TEXT_MAX) fail("needs 5 KiB to 16 MiB", path ? path : "text");
    sha256(bytes, n, t->sha256);
    bool seen[256] = { false };
    for (size_t i = 0; i < n; i++) {
        seen[bytes[i]] = true;
    }
    for (int b = 0; b < 256; b++) {
        if (!seen[b]) continue;
        if (t->symbols == SYMBOLS_MAX) fail("has more than 96 different letters", path);
        t->letter[t->symbols] = (uint8_t)b;
        t->symbol[b] = (uint8_t)t->symbols++;
    }
    t->train = calloc(2, n);
    if (!t->train) fail("no memory", "text");
    t->held = t->train + n;
    for (size_t i = 0; i < n; i++) {
        const uint8_t s = t->symbol[bytes[i]];
        if (i / BLOCK % 10 == 9) {
            t->held[t->held_n++] = s;
        } else
            t->train[t->train_n++] = s;
    }
}

static _Noreturn void usage(int code)
{
    fputs(
        "usage: charlm [--steps N] [--checkpoint-every N] [--resume CHECKPOINT]\n"
        "              [--out DIR] [--text FILE]\n"
        "\n"
        "Trains a small language model and writes checkpoint-<step>.bin and model.bin.\n"
        "  --steps N             steps in all, those of the checkpoint included (2200)\n"
        "  --checkpoint-every N  steps between checkpoints (a quarter of all)\n"
        "  --resume CHECKPOINT   continue there; the result is the same, bit for bit\n"
        "  --out DIR             where files go ($OUT, else /out)\n"
        "  --text FILE           learn from this instead of the built-in text\n"
        "With $BOURSE_CHECKPOINT_DIR each checkpoint is also kept there as charlm.bin, and a run\n"
        "without --resume goes on from it.\n"
        "SIGTERM and SIGINT: write a checkpoint and exit with 3.\n",
        code ? stderr : stdout);
    exit(code);
}

static int64_t count_of(const char *digits)
{
    int64_t n = 0;
    for (const char *p = digits; *p; p++) {
        if (*p < '0' || *p > '9' || n > 100000000) usage(2);
        n = 10 * n + (*p - '0');
    }
    if (n == 0) usage(2);
    return n;
}

static struct options options_read(int argc, char **argv)
{
    const char *const out = getenv("OUT");
    struct options o = { .steps = 2200, .out = out && *out ? out : "/out" };
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0) usage(0);
        if (i + 1 == argc) usage(2);
        const char *const value = argv[i + 1];
        if (strcmp(argv[i], "--steps") == 0) {
            o.steps = count_of(value);
        } else if (strcmp(argv[i], "--checkpoint-every") == 0) {
            o.checkpoint_every = count_of(value);
        } else if (strcmp(argv[i], "--resume") == 0) {
            o.resume = value;
        } else if (strcmp(argv[i], "--out") == 0) {
            o.out = value;
        } else if (strcmp(argv[i], "--text") == 0) {
            o.text = value;
        } else
            usage(2);
    }
    if (!o.checkpoint_every) o.checkpoint_every = o.steps / 4 ? o.steps / 4 : 1;
    return o;
}

static void stop(int signal)
{
    (void)signal;
    told_to_stop = 1;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Learn to the last step, or until told to stop. */
static void train(const struct options *o, const struct text *t)
{
    const double began_s = now_s();
    const int64_t every = o->steps / 20 ? o->steps / 20 : 1;
    double loss = 0;
    int64_t summed = 0;
    while (run.step < o->steps && !told_to_stop) {
        loss += train_step(t);
        summed++;
        if (run.step % every == 0 || run.step == o->steps) {
            printf("step %lld/%lld loss %.3f (train) %.3f (held-out) %.1f s\n", (long long)run.step,
                   (long long)o->steps, loss / (double)summed, held_out_loss(t), now_s() - began_s);
            loss = 0, summed = 0;
        }
        if (run.step % o->checkpoint_every == 0) checkpoint_save(o->out);
    }
}

int main(int argc, char **argv)
{
    const struct options o = options_read(argc, argv);
    /* The first process of a container is only told to stop if it asks to be. */
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    setvbuf(stdout, NULL, _IOLBF, 0);

    static struct text t;
    text_load(o.text, &t);
    memcpy(run.magic, "charlm1", 8);
    memcpy(run.text_sha256, t.sha256, 32);
    run.beta1_power = run.beta2_power = 1;
    init_weights();
    if (o.resume)
        checkpoint_load(o.resume, &t);
    else
        checkpoint_find(&t);
    printf("%zu letters to learn from, %zu held out, %d symbols, %zu weights, at step %lld\n",
           t.train_n, t.held_n, t.symbols, WEIGHTS, (long long)run.step);

    train(&o, &t);
    if (run.step < o.steps) {
        checkpoint_save(o.out);
        puts("stopped; continue with --resume");
        return 3;
    }
    print_sample(&t);
    file_save(o.out, "model.bin", &run.w, sizeof(run.w));
    free(t.train);
    return 0;
}

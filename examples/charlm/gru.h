/* SPDX-License-Identifier: Apache-2.0 */
/* The network: one layer of gated recurrent units, forwards and backwards.
 *
 *      letter x ──▶ in[x] ──┐
 *                           ├──▶ z, r, n ──▶ h' = (1 − z)·n + z·h ──▶ out·h' ──▶ softmax ──▶ next
 *      memory h ──▶ rec·h ──┘                      │
 *           ▲──────────────────────────────────────┘
 *
 *      z = σ(in + rec·h)    r = σ(in + rec·h)    n = tanh(in + r · rec·h)
 *
 * Sixteen places of the text are read at once, one per lane. */
#pragma once

#include "quad.h"

enum {
    HIDDEN = 128,
    GATES = 3 * HIDDEN, /* rows of z, then r, then n */
    LANES = 16,
    QUADS = LANES / 4,
    SYMBOLS_MAX = 96, /* different letters in a text */
};

typedef quad lanes[QUADS]; /* one number for each of the sixteen places */

struct model {
    float in[SYMBOLS_MAX][GATES]; /* a row per letter: input weights and biases in one */
    float rec[GATES][HIDDEN];
    float out[SYMBOLS_MAX][HIDDEN];
    float out_bias[SYMBOLS_MAX];
};
#define WEIGHTS (sizeof(struct model) / sizeof(float))

/* What one letter leaves behind for the way back. */
struct moment {
    uint8_t x[LANES], target[LANES];
    lanes h[HIDDEN]; /* before the letter */
    lanes z[HIDDEN], r[HIDDEN], n[HIDDEN], rec_n[HIDDEN];
    lanes p[SYMBOLS_MAX];
};

/* ---- arithmetic ---- */

/* y += w·x, sixteen lanes at a time. */
static inline void multiply(int rows, const float w[][HIDDEN], lanes *x, lanes *y)
{
    for (int i = 0; i < rows; i++) {
        quad a = y[i][0], b = y[i][1], c = y[i][2], d = y[i][3];
        for (int j = 0; j < HIDDEN; j++) {
            a += w[i][j] * x[j][0];
            b += w[i][j] * x[j][1];
            c += w[i][j] * x[j][2];
            d += w[i][j] * x[j][3];
        }
        y[i][0] = a, y[i][1] = b, y[i][2] = c, y[i][3] = d;
    }
}

/* dx += wᵀ·dy, two columns at a time. */
static inline void multiply_back(int rows, const float w[][HIDDEN], lanes *dy, lanes *dx)
{
    for (int j = 0; j < HIDDEN; j += 2) {
        quad s[2][QUADS];
        memcpy(s, dx[j], sizeof(s));
        for (int i = 0; i < rows; i++) {
            for (int q = 0; q < QUADS; q++) {
                s[0][q] += w[i][j] * dy[i][q];
                s[1][q] += w[i][j + 1] * dy[i][q];
            }
        }
        memcpy(dx[j], s, sizeof(s));
    }
}

/* dw += dy·xᵀ, summed over the lanes. */
static inline void add_outer(int rows, float dw[][HIDDEN], lanes *dy, lanes *x)
{
    for (int i = 0; i < rows; i++) {
        const quad a = dy[i][0], b = dy[i][1], c = dy[i][2], d = dy[i][3];
        for (int j = 0; j < HIDDEN; j++) {
            const quad s = (a * x[j][0] + b * x[j][1]) + (c * x[j][2] + d * x[j][3]);
            dw[i][j] += (s[0] + s[1]) + (s[2] + s[3]);
        }
    }
}

/* ---- the network ---- */

/* One letter in each lane: h becomes the next memory, m->p the guess at what follows. */
static inline void forward(const struct model *w, int symbols, lanes *h, struct moment *m)
{
    static lanes a[GATES];
    memcpy(m->h, h, sizeof(m->h));
    memset(a, 0, sizeof(a));
    multiply(GATES, w->rec, m->h, a);
    for (int i = 0; i < HIDDEN; i++) {
        for (int q = 0; q < QUADS; q++) {
            quad in[3];
            for (int g = 0; g < 3; g++) {
                for (int l = 0; l < 4; l++) {
                    in[g][l] = w->in[m->x[4 * q + l]][g * HIDDEN + i];
                }
            }
            const quad z = sigmoid(in[0] + a[i][q]);
            const quad r = sigmoid(in[1] + a[HIDDEN + i][q]);
            const quad n = tanh_quad(in[2] + r * a[2 * HIDDEN + i][q]);
            m->z[i][q] = z, m->r[i][q] = r, m->n[i][q] = n;
            m->rec_n[i][q] = a[2 * HIDDEN + i][q];
            h[i][q] = (1.0f - z) * n + z * m->h[i][q];
        }
    }
    for (int s = 0; s < symbols; s++) {
        for (int q = 0; q < QUADS; q++) {
            m->p[s][q] = all(w->out_bias[s]);
        }
    }
    multiply(symbols, w->out, h, m->p);
    for (int q = 0; q < QUADS; q++) { /* softmax */
        quad top = m->p[0][q], sum = all(0);
        for (int s = 1; s < symbols; s++) {
            top = pick(m->p[s][q] > top, m->p[s][q], top);
        }
        for (int s = 0; s < symbols; s++) {
            sum += m->p[s][q] = exp_quad(m->p[s][q] - top);
        }
        for (int s = 0; s < symbols; s++) {
            m->p[s][q] /= sum;
        }
    }
}

/* Summed over the lanes: how surprised the guess was by what came. In nats. */
static inline double surprise(const struct moment *m)
{
    double sum = 0;
    for (int l = 0; l < LANES; l++) {
        sum -= ln(m->p[m->target[l]][l / 4][l % 4]);
    }
    return sum;
}

/* Back through one letter, adding to g. dh: the loss's derivative by the memory after the letter,
 * then by the memory before it. */
static inline void backward(const struct model *w, int symbols, struct moment *m, lanes *after,
                            lanes *dh, struct model *g)
{
    static lanes da[GATES], dn_in[HIDDEN];
    lanes *const dp = m->p; /* the derivative by the logits takes the guess's place */
    for (int l = 0; l < LANES; l++) {
        dp[m->target[l]][l / 4][l % 4] -= 1.0f;
    }
    add_outer(symbols, g->out, dp, after);
    for (int s = 0; s < symbols; s++) {
        const quad sum = (dp[s][0] + dp[s][1]) + (dp[s][2] + dp[s][3]);
        g->out_bias[s] += (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }
    multiply_back(symbols, w->out, dp, dh);
    for (int i = 0; i < HIDDEN; i++) {
        for (int q = 0; q < QUADS; q++) {
            const quad z = m->z[i][q], r = m->r[i][q], n = m->n[i][q], d = dh[i][q];
            const quad dn = d * (1.0f - z) * (1.0f - n * n);
            dn_in[i][q] = dn;
            da[i][q] = d * (m->h[i][q] - n) * z * (1.0f - z);
            da[HIDDEN + i][q] = dn * m->rec_n[i][q] * r * (1.0f - r);
            da[2 * HIDDEN + i][q] = dn * r;
            dh[i][q] = d * z;
        }
    }
    for (int l = 0; l < LANES; l++) {
        float *const row = g->in[m->x[l]];
        for (int i = 0; i < 2 * HIDDEN; i++) {
            row[i] += da[i][l / 4][l % 4];
        }
        for (int i = 0; i < HIDDEN; i++) {
            row[2 * HIDDEN + i] += dn_in[i][l / 4][l % 4];
        }
    }
    add_outer(GATES, g->rec, da, m->h);
    multiply_back(GATES, w->rec, da, dh);
}

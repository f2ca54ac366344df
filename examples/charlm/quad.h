/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic that gives the same bits on every x86-64: four floats at a time, in SSE2.
 *
 * Only +, −, ×, ÷ and square root, which IEEE 754 defines to the last bit. exp and ln are our own:
 * the C library picks a variant by processor, and the variants round differently. */
#pragma once

#include <stdint.h>
#include <string.h>

typedef float quad __attribute__((vector_size(16)));
typedef int32_t quad_i __attribute__((vector_size(16)));

static inline quad pick(quad_i mask, quad yes, quad no)
{
    return (quad)((mask & (quad_i)yes) | (~mask & (quad_i)no));
}

static inline quad all(float x)
{
    return (quad){ x, x, x, x };
}

/* e^x: x = k·ln 2 + r, then 2^k by its bits and e^r by Taylor's series, which is good to the last
 * place or two for |r| <= ln 2 ÷ 2. */
static inline quad exp_quad(quad x)
{
    x = pick(x < -80.0f, all(-80.0f), pick(x > 80.0f, all(80.0f), x));
    const float shift = 12582912.0f; /* 1.5 · 2^23: adding it rounds to a whole number */
    const quad k = (x * 1.44269504f + shift) - shift;
    const quad r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    quad sum = all(1.0f / 720);
    sum = sum * r + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 0.5f;
    sum = sum * r + 1.0f;
    sum = sum * r + 1.0f;
    return sum * (quad)((__builtin_convertvector(k, quad_i) + 127) << 23);
}

static inline quad sigmoid(quad x)
{
    return 1.0f / (1.0f + exp_quad(-x));
}

static inline quad tanh_quad(quad x)
{
    return 1.0f - 2.0f / (1.0f + exp_quad(2.0f * x));
}

/* ln x for normal x > 0: x = m·2^k with m in [0.7, 1.4], and ln m = 2 artanh((m − 1)/(m + 1)). */
static inline double ln(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    const int64_t k = (int64_t)((bits - 0x3fe6666666666666u) >> 52) << 52 >> 52;
    bits -= (uint64_t)k << 52;
    double m;
    memcpy(&m, &bits, sizeof(m));
    const double s = (m - 1) / (m + 1);
    double sum = 0, power = s;
    for (int i = 1; i < 30; i += 2, power *= s * s) {
        sum += power / i;
    }
    return (double)k * 0.69314718055994531 + 2 * sum;
}

static inline double root(double x)
{
    return __builtin_sqrt(x);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define US_PER_SECOND 1000000
#define DAY_S         86400
#define YEAR_MIN      1970
#define YEAR_MAX      9999
#define END_US        (INT64_C(253402300800) * US_PER_SECOND) /* the first of the year 10000 */

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    const int failed = clock_gettime(clock, &now);
    assert(!failed);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_boot_us(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

int64_t clock_monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void clock_sleep_us(int64_t us)
{
    if (us <= 0) return;
    struct timespec left = { (time_t)(us / US_PER_SECOND), (long)(us % US_PER_SECOND) * 1000 };
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        ;
}

struct date {
    int64_t year, month, day;
};

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t month_days(int64_t year, int64_t month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01 to the first of a year. */
static int64_t days_before_year(int64_t year)
{
    const int64_t y = year - 1;
    return 365 * (year - 1970) + (y / 4 - 1969 / 4) - (y / 100 - 1969 / 100) +
           (y / 400 - 1969 / 400);
}

static int64_t days_of_date(struct date d)
{
    int64_t days = days_before_year(d.year) + d.day - 1;
    for (int64_t m = 1; m < d.month; m++)
        days += month_days(d.year, m);
    return days;
}

static struct date date_of_days(int64_t days)
{
    struct date d = { YEAR_MIN + days / 366, 1, 1 }; /* at most some years too early */
    while (days_before_year(d.year + 1) <= days)
        d.year++;
    days -= days_before_year(d.year);
    while (days >= month_days(d.year, d.month))
        days -= month_days(d.year, d.month++);
    d.day = days + 1;
    return d;
}

static char *put_digits(char *out, int64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + digits;
}

void rfc3339_format(int64_t at_us, char out[RFC3339_SIZE])
{
    assert(at_us >= 0 && at_us < END_US);

    const int64_t seconds = at_us / US_PER_SECOND, of_day = seconds % DAY_S;
    const struct date d = date_of_days(seconds / DAY_S);
    memcpy(out, "0000-00-00T00:00:00.000Z", RFC3339_SIZE);
    put_digits(out, d.year, 4);
    put_digits(out + 5, d.month, 2);
    put_digits(out + 8, d.day, 2);
    put_digits(out + 11, of_day / 3600, 2);
    put_digits(out + 14, of_day / 60 % 60, 2);
    put_digits(out + 17, of_day % 60, 2);
    put_digits(out + 20, at_us / 1000 % 1000, 3);
}

/* Exactly `n` digits off the front of `s`. */
static bool eat_digits(struct str *s, size_t n, int64_t *out)
{
    int64_t value = 0;
    if (s->n < n) return false;
    for (size_t i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9') return false;
        value = value * 10 + (s->p[i] - '0');
    }
    *s = (struct str){ s->p + n, s->n - n };
    *out = value;
    return true;
}

/* One of the characters of `any`. */
static bool eat(struct str *s, const char *any)
{
    if (s->n == 0 || s->p[0] == '\0' || !strchr(any, s->p[0])) return false;
    *s = (struct str){ s->p + 1, s->n - 1 };
    return true;
}

static bool eat_date(struct str *s, int64_t *days)
{
    struct date d;
    if (!eat_digits(s, 4, &d.year) || !eat(s, "-")) return false;
    if (!eat_digits(s, 2, &d.month) || !eat(s, "-")) return false;
    if (!eat_digits(s, 2, &d.day)) return false;
    if (d.month < 1 || d.month > 12) return false;
    if (d.day < 1 || d.day > month_days(d.year, d.month)) return false;
    *days = days_of_date(d);
    return true;
}

static bool eat_hours_and_minutes(struct str *s, int64_t *seconds)
{
    int64_t hour, minute;
    if (!eat_digits(s, 2, &hour) || !eat(s, ":") || !eat_digits(s, 2, &minute)) return false;
    if (hour > 23 || minute > 59) return false;
    *seconds = hour * 3600 + minute * 60;
    return true;
}

static bool eat_decimals(struct str *s, int64_t *us)
{
    int64_t digit, value = 0, unit = US_PER_SECOND / 10;
    int n = 0;
    *us = 0;
    if (!eat(s, ".")) return true;
    for (; n < 9 && eat_digits(s, 1, &digit); n++, unit /= 10)
        value += digit * unit;
    *us = value;
    return n > 0;
}

static bool eat_time(struct str *s, int64_t *us)
{
    int64_t seconds, second, part;
    if (!eat_hours_and_minutes(s, &seconds) || !eat(s, ":")) return false;
    if (!eat_digits(s, 2, &second) || second > 59) return false;
    if (!eat_decimals(s, &part)) return false;
    *us = (seconds + second) * US_PER_SECOND + part;
    return true;
}

/* How far the local time is ahead of UTC. */
static bool eat_offset(struct str *s, int64_t *seconds)
{
    *seconds = 0;
    if (eat(s, "Zz")) return true;
    const bool behind = s->n > 0 && s->p[0] == '-';
    if (!eat(s, "+-") || !eat_hours_and_minutes(s, seconds)) return false;
    if (behind) *seconds = -*seconds;
    return true;
}

bool rfc3339_parse(struct str text, int64_t *out)
{
    int64_t days, us, offset_s;
    if (!eat_date(&text, &days) || !eat(&text, "Tt")) return false;
    if (!eat_time(&text, &us) || !eat_offset(&text, &offset_s)) return false;
    if (text.n > 0) return false;

    const int64_t at_us = (days * DAY_S - offset_s) * US_PER_SECOND + us;
    if (at_us < 0 || at_us >= END_US) return false; /* what could not be formatted again */
    *out = at_us;
    return true;
}

/* Moments of the calendar. Its own file because the C library reads no such text, and reads numbers by the person's locale. */
#include "celery/moment.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

double moment_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* `count` digits at *at, which is moved behind them; -1: they are not there. */
static int digits(const char **at, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return -1;
        number = number * 10 + (**at - '0');
    }
    return number;
}

static bool sign(const char **at, char wanted)
{
    bool there = **at == wanted;
    *at += there;
    return there;
}

/* Days from 1970-01-01, by the Gregorian calendar. Source: Howard Hinnant, "chrono-compatible low-level date algorithms". */
static int64_t days_of(int year, int month, int day)
{
    int shifted = year - (month <= 2);
    int era = shifted / 400, of_era = shifted - era * 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int of_days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return (int64_t)era * 146097 + of_days - 719468;
}

static bool read_fraction(const char **at, double *fraction)
{
    double unit = 0.1;
    *fraction = 0;
    if (!sign(at, '.'))
        return true;
    const char *begin = *at;
    for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
        *fraction += unit * (**at - '0');
    return *at > begin;
}

/* "+02:00", "+0200", "+02", "Z" or nothing, and then the end. */
static bool read_offset(const char *at, int *seconds)
{
    *seconds = 0;
    if (!*at || (sign(&at, 'Z') && !*at))
        return true;
    int direction = *at == '+' ? 1 : -1;
    if (*at != '+' && *at != '-')
        return false;
    at++;
    int hours = digits(&at, 2), minutes = 0;
    (void)sign(&at, ':');
    if (*at)
        minutes = digits(&at, 2);
    *seconds = direction * (hours * 3600 + minutes * 60);
    return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && !*at;
}

static int days_in(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return lengths[month - 1] + leap;
}

bool moment_read(const char *text, double *seconds)
{
    int hour = 0, minute = 0, second = 0, offset = 0;
    double fraction = 0;
    int year = digits(&text, 4);
    if (year < 1970 || !sign(&text, '-'))
        return false;
    int month = digits(&text, 2);
    if (month < 1 || month > 12 || !sign(&text, '-'))
        return false;
    int day = digits(&text, 2);
    if (day < 1 || day > days_in(year, month))
        return false;
    if (*text) {
        if (!sign(&text, 'T') && !sign(&text, ' '))
            return false;
        hour = digits(&text, 2);
        if (!sign(&text, ':'))
            return false;
        minute = digits(&text, 2);
        if (sign(&text, ':'))
            second = digits(&text, 2);
    }
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
        !read_fraction(&text, &fraction) || !read_offset(text, &offset))
        return false;
    *seconds = (double)(days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset) + fraction;
    return true;
}

void moment_write(double seconds, char text[MOMENT_TEXT])
{
    double whole = floor(seconds);
    time_t moment = (time_t)whole;
    struct tm parts;
    int micro = (int)((seconds - whole) * 1e6);
    text[0] = '\0';
    if (!gmtime_r(&moment, &parts))
        return;
    size_t length = strftime(text, MOMENT_TEXT, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + length, MOMENT_TEXT - length, ".%06d+00:00", micro);
}

/* Bad weather for a program that is not built for it: loaded before its libraries (LD_PRELOAD), this makes some
 * allocations fail, some reads slow, and the calendar's clock jump. Its own file because it is no part of the program: it takes
 * the place of the C library's functions, as a poor machine would.
 *
 * What it does stands in the environment; what is not named is left alone.
 *     WEATHER_ALLOCATIONS=N   each allocation fails with one chance in N, once WEATHER_AFTER of them have been given
 *     WEATHER_READS=N         each read of a file waits 20 ms with one chance in N
 *     WEATHER_CLOCK=SECONDS   the calendar's clock is off by up to so many seconds, differently every second
 *     WEATHER_SEED=N          what chance begins with; each process adds its own number */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* The C library's own, under the names it gives out for this. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static _Atomic uint64_t chance;
static _Atomic uint64_t given;
static uint64_t allocations_fail, allocations_after, reads_wait, clock_off;

static uint64_t setting(const char *name)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void begin(void)
{
    chance = setting("WEATHER_SEED") + (uint64_t)getpid();
    allocations_after = setting("WEATHER_AFTER");
    reads_wait = setting("WEATHER_READS");
    clock_off = setting("WEATHER_CLOCK");
    allocations_fail = setting("WEATHER_ALLOCATIONS"); /* last: what is above may allocate */
}

/* SplitMix64 (Steele, Lea and Flood, 2014): good enough, and needs no lock. */
static uint64_t draw(void)
{
    uint64_t mixed = atomic_fetch_add(&chance, 0x9e3779b97f4a7c15u) + 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

static bool strikes(uint64_t one_in)
{
    return one_in && draw() % one_in == 0;
}

static bool no_memory(void)
{
    if (!allocations_fail || atomic_fetch_add(&given, 1) < allocations_after || !strikes(allocations_fail))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return no_memory() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return no_memory() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return no_memory() ? NULL : __libc_realloc(memory, size);
}

ssize_t read(int descriptor, void *to, size_t size)
{
    static const struct timespec wait = {.tv_nsec = 20000000};
    static ssize_t (*real)(int, void *, size_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "read"); /* as POSIX says that it is done */
    if (strikes(reads_wait))
        (void)nanosleep(&wait, NULL);
    return real(descriptor, to, size);
}

/* How far off the calendar is during this second. */
static time_t jump(time_t second)
{
    if (!clock_off)
        return 0;
    uint64_t mixed = ((uint64_t)second + 1) * 0x9e3779b97f4a7c15u;
    mixed ^= mixed >> 29;
    return (time_t)(mixed % (2 * clock_off + 1)) - (time_t)clock_off;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int status = real(clock, now);
    if (!status && clock == CLOCK_REALTIME)
        now->tv_sec += jump(now->tv_sec);
    return status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact))
        return -1;
    *now = (struct timeval){.tv_sec = exact.tv_sec, .tv_usec = exact.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact))
        return (time_t)-1;
    if (out)
        *out = exact.tv_sec;
    return exact.tv_sec;
}

/* Which instruction levels this processor and its operating system can run. */
#include <string.h>

#include "nn/cpu/kernels.h"

#if defined(GPEN_HAVE_AVX2) || defined(GPEN_HAVE_AVX512)
#include <cpuid.h>

/* The operating system must save the wide registers on a switch: XCR0 says so. */
static unsigned long long saved_state(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (unsigned long long)high << 32 | low;
}

typedef struct processor {
    bool avx2, avx512, avx512_bf16;
} processor;

static processor detect(void)
{
    enum { YMM_STATE = 0x06, ZMM_STATE = 0xE6 };
    enum {
        FMA_BIT = 12,
        XSAVE_BIT = 27,
        AVX2_BIT = 5,
        AVX512F_BIT = 16,
        AVX512DQ_BIT = 17,
        AVX512BW_BIT = 30,
        AVX512VL_BIT = 31,
        AVX512_BF16_BIT = 5
    };
    processor p = {false, false, false};
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> XSAVE_BIT & 1) || !(c >> FMA_BIT & 1))
        return p;
    unsigned long long state = saved_state();
    if ((state & YMM_STATE) != YMM_STATE || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return p;
    p.avx2 = b >> AVX2_BIT & 1;
    unsigned wide = 1u << AVX512F_BIT | 1u << AVX512DQ_BIT | 1u << AVX512BW_BIT | 1u << AVX512VL_BIT;
    p.avx512 = p.avx2 && (b & wide) == wide && (state & ZMM_STATE) == ZMM_STATE;
    unsigned leaves = a; /* the last subleaf of leaf 7 */
    p.avx512_bf16 = p.avx512 && leaves >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> AVX512_BF16_BIT & 1);
    return p;
}
#endif

#ifdef GPEN_HAVE_NEON
#ifdef __linux__
#include <sys/auxv.h>
#endif

/* Linux says what it found; elsewhere (macOS) there is no 64-bit Arm without it. */
static bool has_neon(void)
{
#ifdef __linux__
    return getauxval(AT_HWCAP) & HWCAP_ASIMD;
#else
    return true;
#endif
}
#endif

int cpu_kernels_available(const cpu_kernels **tables, int capacity)
{
    const cpu_kernels *all[4];
    int count = 0;
#if defined(GPEN_HAVE_AVX2) || defined(GPEN_HAVE_AVX512)
    processor p = detect();
#endif
#ifdef GPEN_HAVE_AVX512_BF16
    if (p.avx512_bf16)
        all[count++] = &cpu_kernels_avx512_bf16;
#endif
#ifdef GPEN_HAVE_AVX512
    if (p.avx512)
        all[count++] = &cpu_kernels_avx512;
#endif
#ifdef GPEN_HAVE_AVX2
    if (p.avx2)
        all[count++] = &cpu_kernels_avx2;
#endif
#ifdef GPEN_HAVE_NEON
    if (has_neon())
        all[count++] = &cpu_kernels_neon;
#endif
    all[count++] = &cpu_kernels_generic;
    for (int i = 0; i < count && i < capacity; i++)
        tables[i] = all[i];
    return count < capacity ? count : capacity;
}

const cpu_kernels *cpu_kernels_named(const char *level)
{
    const cpu_kernels *tables[8];
    int count = cpu_kernels_available(tables, 8);
    for (int i = 0; i < count; i++)
        if (!strcmp(tables[i]->level, level))
            return tables[i];
    return NULL;
}

const cpu_kernels *cpu_kernels_of_floats(const cpu_kernels *kernels)
{
#if defined(GPEN_HAVE_AVX512_BF16) && defined(GPEN_HAVE_AVX512)
    if (kernels == &cpu_kernels_avx512_bf16)
        return &cpu_kernels_avx512;
#endif
    return kernels;
}

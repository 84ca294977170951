/* Prometheus's text format. Its own file because all programs that are watched write it, whatever they count. */
#include "base/metrics_text.h"

/* Upper bounds in seconds. */
static const double bounds[METRICS_BUCKETS] = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                               1,     2.5,   5,    10,    30,   60,  300};

void metrics_about(FILE *out, const char *name, const char *help, const char *kind)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

void metrics_value(FILE *out, const char *name, const char *help, const char *kind, const char *labels, double value)
{
    if (help)
        metrics_about(out, name, help, kind);
    fprintf(out, "%s%s %.17g\n", name, labels, value);
}

void metrics_observe(metrics_histogram *of, double seconds)
{
    int bucket = 0;
    while (bucket < METRICS_BUCKETS && seconds > bounds[bucket])
        bucket++;
    of->counts[bucket]++;
    of->sum += seconds;
}

void metrics_histogram_write(FILE *out, const char *name, const char *label, const metrics_histogram *of)
{
    long long all = 0;
    for (int i = 0; i <= METRICS_BUCKETS; i++) {
        all += of->counts[i];
        if (i < METRICS_BUCKETS)
            fprintf(out, "%s_bucket{%s,le=\"%g\"} %lld\n", name, label, bounds[i], all);
        else
            fprintf(out, "%s_bucket{%s,le=\"+Inf\"} %lld\n", name, label, all);
    }
    fprintf(out, "%s_sum{%s} %.9g\n%s_count{%s} %lld\n", name, label, of->sum, name, label, all);
}

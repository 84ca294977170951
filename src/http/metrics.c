/* Counting. Its own file because it is called from everywhere and knows nothing of what it counts. */
#include "http/metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Upper bounds in seconds; the last bucket has none. */
static const double bounds[] = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};
enum { BUCKETS = sizeof bounds / sizeof *bounds, MOST_ROUTES = 64, STATUS_CLASSES = 6 };

typedef struct histogram {
    long long counts[BUCKETS + 1];
    double sum;
} histogram;

typedef struct route_numbers {
    const char *route; /* static */
    long long by_class[STATUS_CLASSES];
    histogram seconds;
} route_numbers;

struct metrics {
    pthread_mutex_t lock;
    route_numbers routes[MOST_ROUTES];
    int route_count;
    long long items[STORE_STATES], reasons[GPEN_STATUS_COUNT];
    histogram stages[STORE_STAGES];
    long long restored, skipped, failed_faces, slow_clients, upload_bytes;
};

gpen_status metrics_new(metrics **out, gpen_error *error)
{
    metrics *numbers = calloc(1, sizeof *numbers);
    *out = NULL;
    if (!numbers || pthread_mutex_init(&numbers->lock, NULL)) {
        free(numbers);
        return gpen_fail_memory(error, "the numbers", sizeof *numbers);
    }
    *out = numbers;
    return GPEN_OK;
}

void metrics_free(metrics *numbers)
{
    if (!numbers)
        return;
    pthread_mutex_destroy(&numbers->lock);
    free(numbers);
}

static void observe(histogram *of, double seconds)
{
    int bucket = 0;
    while (bucket < BUCKETS && seconds > bounds[bucket])
        bucket++;
    of->counts[bucket]++;
    of->sum += seconds;
}

static route_numbers *find_route(metrics *numbers, const char *route)
{
    for (int i = 0; i < numbers->route_count; i++)
        if (!strcmp(numbers->routes[i].route, route))
            return &numbers->routes[i];
    if (numbers->route_count == MOST_ROUTES)
        return NULL;
    route_numbers *added = &numbers->routes[numbers->route_count++];
    added->route = route;
    return added;
}

void metrics_answer(metrics *numbers, const char *route, unsigned status, double seconds)
{
    pthread_mutex_lock(&numbers->lock);
    route_numbers *of = find_route(numbers, route);
    if (of) {
        of->by_class[status / 100 % STATUS_CLASSES]++;
        observe(&of->seconds, seconds);
    }
    pthread_mutex_unlock(&numbers->lock);
}

void metrics_item(metrics *numbers, store_state state, gpen_status reason, const double seconds[STORE_STAGES])
{
    pthread_mutex_lock(&numbers->lock);
    numbers->items[state]++;
    if (state == STORE_FAILED)
        numbers->reasons[reason]++;
    for (int i = 0; i < STORE_STAGES; i++)
        if (seconds[i] > 0)
            observe(&numbers->stages[i], seconds[i]);
    pthread_mutex_unlock(&numbers->lock);
}

void metrics_faces(metrics *numbers, long long restored, long long skipped, long long failed)
{
    pthread_mutex_lock(&numbers->lock);
    numbers->restored += restored;
    numbers->skipped += skipped;
    numbers->failed_faces += failed;
    pthread_mutex_unlock(&numbers->lock);
}

void metrics_slow_client(metrics *numbers, int count)
{
    pthread_mutex_lock(&numbers->lock);
    numbers->slow_clients += count;
    pthread_mutex_unlock(&numbers->lock);
}

void metrics_upload(metrics *numbers, long long bytes)
{
    pthread_mutex_lock(&numbers->lock);
    numbers->upload_bytes += bytes;
    pthread_mutex_unlock(&numbers->lock);
}

/* ---------------------------------------------------------------- writing */

void metrics_value(FILE *out, const char *name, const char *help, const char *kind, const char *labels, double value)
{
    if (help)
        fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
    fprintf(out, "%s%s %.17g\n", name, labels, value);
}

/* label: "stage=\"decode\"". */
static void write_histogram(FILE *out, const char *name, const char *label, const histogram *of)
{
    long long all = 0;
    for (int i = 0; i <= BUCKETS; i++) {
        all += of->counts[i];
        if (i < BUCKETS)
            fprintf(out, "%s_bucket{%s,le=\"%g\"} %lld\n", name, label, bounds[i], all);
        else
            fprintf(out, "%s_bucket{%s,le=\"+Inf\"} %lld\n", name, label, all);
    }
    fprintf(out, "%s_sum{%s} %.9g\n%s_count{%s} %lld\n", name, label, of->sum, name, label, all);
}

static void write_items(const metrics *numbers, FILE *out)
{
    char label[96];
    for (int i = 0; i < STORE_STATES; i++) {
        snprintf(label, sizeof label, "{state=\"%s\"}", store_state_name((store_state)i));
        metrics_value(out, "gpen_attempts_total",
                      i ? NULL : "Attempts at photos that ended since the start, by the photo's state then.", "counter",
                      label, (double)numbers->items[i]);
    }
    bool first = true;
    for (int i = 1; i < GPEN_STATUS_COUNT; i++) {
        if (!numbers->reasons[i])
            continue;
        snprintf(label, sizeof label, "{reason=\"%s\"}", gpen_status_name((gpen_status)i));
        metrics_value(out, "gpen_failures_total", first ? "Photos that failed since the start, by reason." : NULL,
                      "counter", label, (double)numbers->reasons[i]);
        first = false;
    }
    fputs("# HELP gpen_stage_seconds Time of a photo's stages.\n# TYPE gpen_stage_seconds histogram\n", out);
    for (int i = 0; i < STORE_STAGES; i++) {
        snprintf(label, sizeof label, "stage=\"%s\"", store_stage_name((store_stage)i));
        write_histogram(out, "gpen_stage_seconds", label, &numbers->stages[i]);
    }
    metrics_value(out, "gpen_faces_total", "Faces since the start, by what became of them.", "counter",
                  "{state=\"restored\"}", (double)numbers->restored);
    metrics_value(out, "gpen_faces_total", NULL, NULL, "{state=\"skipped\"}", (double)numbers->skipped);
    metrics_value(out, "gpen_faces_total", NULL, NULL, "{state=\"failed\"}", (double)numbers->failed_faces);
}

static void write_routes(const metrics *numbers, FILE *out)
{
    char label[192];
    fputs("# HELP gpen_http_requests_total Requests answered since the start.\n"
          "# TYPE gpen_http_requests_total counter\n",
          out);
    for (int i = 0; i < numbers->route_count; i++)
        for (int class = 1; class < STATUS_CLASSES; class ++)
            if (numbers->routes[i].by_class[class])
                fprintf(out, "gpen_http_requests_total{route=\"%s\",status=\"%dxx\"} %lld\n", numbers->routes[i].route,
                        class, numbers->routes[i].by_class[class]);
    fputs("# HELP gpen_http_request_seconds Time until a request's answer began.\n"
          "# TYPE gpen_http_request_seconds histogram\n",
          out);
    for (int i = 0; i < numbers->route_count; i++) {
        snprintf(label, sizeof label, "route=\"%s\"", numbers->routes[i].route);
        write_histogram(out, "gpen_http_request_seconds", label, &numbers->routes[i].seconds);
    }
}

void metrics_write(metrics *numbers, FILE *out)
{
    pthread_mutex_lock(&numbers->lock);
    write_items(numbers, out);
    write_routes(numbers, out);
    metrics_value(out, "gpen_slow_clients_total", "Connections that were cut off for being too slow.", "counter", "",
                  (double)numbers->slow_clients);
    metrics_value(out, "gpen_upload_bytes_total", "Bytes of photos received.", "counter", "",
                  (double)numbers->upload_bytes);
    pthread_mutex_unlock(&numbers->lock);
}

/* Counting. Its own file because it is called from everywhere and knows nothing of what it counts. */
#include "http/metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { MOST_ROUTES = 64, STATUS_CLASSES = 6 };

typedef struct route_numbers {
    const char *route; /* static */
    long long by_class[STATUS_CLASSES];
    metrics_histogram seconds;
} route_numbers;

struct metrics {
    pthread_mutex_t lock;
    route_numbers routes[MOST_ROUTES];
    int route_count;
    photo_numbers photos;
    long long slow_clients, upload_bytes;
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
        metrics_observe(&of->seconds, seconds);
    }
    pthread_mutex_unlock(&numbers->lock);
}

void metrics_item(metrics *numbers, store_state state, gpen_status reason, const job_result *result)
{
    pthread_mutex_lock(&numbers->lock);
    photo_numbers_count(&numbers->photos, state, reason, result);
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

static void write_routes(const metrics *numbers, FILE *out)
{
    char label[192];
    metrics_about(out, "gpen_http_requests_total", "Requests answered since the start.", "counter");
    for (int i = 0; i < numbers->route_count; i++)
        for (int class = 1; class < STATUS_CLASSES; class ++)
            if (numbers->routes[i].by_class[class])
                fprintf(out, "gpen_http_requests_total{route=\"%s\",status=\"%dxx\"} %lld\n", numbers->routes[i].route,
                        class, numbers->routes[i].by_class[class]);
    metrics_about(out, "gpen_http_request_seconds", "Time until a request's answer began.", "histogram");
    for (int i = 0; i < numbers->route_count; i++) {
        snprintf(label, sizeof label, "route=\"%s\"", numbers->routes[i].route);
        metrics_histogram_write(out, "gpen_http_request_seconds", label, &numbers->routes[i].seconds);
    }
}

void metrics_write(metrics *numbers, FILE *out)
{
    pthread_mutex_lock(&numbers->lock);
    photo_numbers_write(&numbers->photos, "gpen", out);
    write_routes(numbers, out);
    metrics_value(out, "gpen_slow_clients_total", "Connections that were cut off for being too slow.", "counter", "",
                  (double)numbers->slow_clients);
    metrics_value(out, "gpen_upload_bytes_total", "Bytes of photos received.", "counter", "",
                  (double)numbers->upload_bytes);
    pthread_mutex_unlock(&numbers->lock);
}

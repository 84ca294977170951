/* Lets workers crash, with a sender as the environment says:
 *
 *     send_crash FAKE_WORKER FOLDER COUNT
 *
 * Says how many photos ended, and how many crashed. tests/batch/test_crash_server.py is the server. */
#include "pool_kit.h"

#include "batch/crash_send.h"

enum { MOST = 32 };

int main(int argc, char **argv)
{
    static char names[MOST][32];
    gpen_error error = {0};
    crash_sender *sender;
    worker_pool *pool;
    if (argc != 4 || crash_sender_from_environment(&sender, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 2;
    }
    pool_kit kit = {.folder = argv[2]};
    for (int i = 0; i < atoi(argv[3]) && i < MOST; i++) {
        snprintf(names[i], sizeof names[i], "crash%d", i);
        kit_add(&kit, names[i]);
    }
    kit_add(&kit, "ok");
    kit_add(&kit, "exit");
    const pool_events events = kit_events(&kit);
    pool_options options = pool_options_default();
    options.program = argv[1];
    options.arguments = (const char *const[]){argv[1], NULL};
    options.setup.sandbox = false;
    options.crash_sender = sender;
    if (pool_new(&pool, &options, &events, &error) || kit_run(pool, &kit, 60, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 3;
    }
    pool_free(pool);
    crash_sender_free(sender);
    printf("%d ended, %d died\n", kit_ended_count(&kit), kit.deaths);
    return getenv("GPEN_SENTRY_DSN") != NULL;
}

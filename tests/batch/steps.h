/* steps.h: moves of a store that must succeed, for the tests of what comes of them. Times are milliseconds. */
#ifndef TESTS_BATCH_STEPS_H
#define TESTS_BATCH_STEPS_H

#include "kit.h"

extern gpen_error error; /* of the last call */

#define GOOD(call)                                                                                                     \
    do {                                                                                                               \
        if (call)                                                                                                      \
            fail_msg("%s: %s", #call, error.message);                                                                  \
    } while (0)

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

batch_store *open_store(void **state);
int64_t add(batch_store *store, const char *out, int count);
/* Claims the next item, which must be there. */
store_item claim(batch_store *store, int64_t now);
void assert_none(batch_store *store, int64_t now);
store_item get(batch_store *store, int64_t id);
store_state state_of(batch_store *store, int64_t id);
store_state fail_item(batch_store *store, const store_item *item, gpen_status reason, bool died, int64_t now);
void finish(batch_store *store, const store_item *item, int64_t now);
/* Claims and finishes everything there is. */
void finish_all(batch_store *store, int64_t now);

#endif

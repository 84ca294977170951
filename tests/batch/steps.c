/* Moves of a store that must succeed: see steps.h. */
#include "steps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

gpen_error error;

batch_store *open_store(void **state)
{
    batch_store *store = NULL;
    GOOD(store_open(&store, *state, KIT_NOW, &error));
    return store;
}

int64_t add(batch_store *store, const char *out, int count)
{
    int64_t id = kit_add(store, out, count, &error);
    if (!id)
        fail_msg("%s", error.message);
    return id;
}

store_item claim(batch_store *store, int64_t now)
{
    store_item item;
    GOOD(store_claim(store, 77, now, &item, &error));
    assert_true(item.id > 0);
    return item;
}

void assert_none(batch_store *store, int64_t now)
{
    store_item item;
    GOOD(store_claim(store, 77, now, &item, &error));
    assert_int_equal(item.id, 0);
}

store_item get(batch_store *store, int64_t id)
{
    store_item item;
    GOOD(store_item_get(store, id, &item, &error));
    assert_int_equal(item.id, id);
    return item;
}

store_state state_of(batch_store *store, int64_t id)
{
    store_item item = get(store, id);
    store_state state = item.state;
    store_item_free(&item);
    return state;
}

store_state fail_item(batch_store *store, const store_item *item, gpen_status reason, bool died, int64_t now)
{
    store_state state;
    store_failure failure = {.reason = reason, .detail = "why", .signal = died ? 11 : 0, .worker_died = died};
    GOOD(store_finish_failed(store, item->id, item->attempts, &failure, now, &state, &error));
    return state;
}

void finish(batch_store *store, const store_item *item, int64_t now)
{
    store_result result = kit_result();
    GOOD(store_finish_done(store, item->id, item->attempts, &result, now, &error));
}

void finish_all(batch_store *store, int64_t now)
{
    for (;;) {
        store_item item;
        GOOD(store_claim(store, 1, now, &item, &error));
        if (!item.id)
            return;
        finish(store, &item, now);
        store_item_free(&item);
    }
}

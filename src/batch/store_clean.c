/* Old batches and their results go, in steps: marked, what each item left deleted and the item forgotten, and the batch at last.
 * Stopped anywhere, it goes on from there: what is forgotten is gone, and what is gone is forgotten at the next try. */
#include "batch/store_room.h"

#define MARKED "batch IN (SELECT id FROM batch WHERE cleaning = 1)"

gpen_status store_clean_begin(batch_store *store, int64_t before, int64_t *count, gpen_error *error)
{
    gpen_status status =
        query_run(store, "UPDATE batch SET cleaning = 1 WHERE cleaning = 0 AND ended > 0 AND ended < ?1", &before, 1,
                  error);
    if (count)
        *count = status ? 0 : query_changed(store);
    return status;
}

gpen_status store_clean_next(batch_store *store, store_item *item, gpen_error *error)
{
    query ask = store_select_items(store, "WHERE " MARKED " LIMIT 1", error);
    return store_only_item(&ask, item);
}

gpen_status store_clean_forget(batch_store *store, int64_t item, gpen_error *error)
{
    gpen_status status = query_run(store, "DELETE FROM item WHERE id = ?1 AND " MARKED, &item, 1, error);
    if (!status && !query_changed(store))
        status = gpen_fail(error, GPEN_BAD_ARGUMENT, "item %lld is not being cleaned", (long long)item);
    return status;
}

gpen_status store_clean_end(batch_store *store, gpen_error *error)
{
    return query_run(
        store, "DELETE FROM batch WHERE cleaning = 1 AND NOT EXISTS (SELECT 1 FROM item WHERE item.batch = batch.id)",
        NULL, 0, error);
}

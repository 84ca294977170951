/* lookup.h: what the store has, for a request: found, or answered why not. */
#ifndef GPEN_HTTP_LOOKUP_H
#define GPEN_HTTP_LOOKUP_H

#include "http/server.h"

/* The batch, the item that request->id names. False: answered. Release with store_batch_free, store_item_free. */
bool lookup_batch(http_request *request, store_batch *batch);
bool lookup_item(http_request *request, store_item *item);

/* The scheduler, as engine_borrow gives it. NULL: there is none at the moment, which is answered; then there is nothing to return. */
scheduler *lookup_scheduler(http_request *request);

/* Which of its two pictures the query asks for. False, and answered: none that there is. */
bool lookup_side(http_request *request, bool *after);

/* Answers with the batch or the item as it is now. */
void answer_batch(http_request *request, int64_t id, unsigned status);
void answer_item(http_request *request);

#endif

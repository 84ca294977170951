/* queue_numbers.h: how many photos there are, as plain data, apart from queue.h because the server holds the last count. */
#ifndef GPEN_HTTP_QUEUE_NUMBERS_H
#define GPEN_HTTP_QUEUE_NUMBERS_H

#include "batch/store.h"

typedef struct queue_numbers {
    int64_t batches, items[STORE_STATES];
} queue_numbers;

#endif

/* queue.h: how many photos there are, of all batches together. */
#ifndef GPEN_HTTP_QUEUE_H
#define GPEN_HTTP_QUEUE_H

#include "http/server.h"

/* As they were within the last second; zeroes when the store cannot be read. */
void queue_count(http_server *server, queue_numbers *numbers);

#endif

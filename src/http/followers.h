/* followers.h: clients that follow the events, asleep until there are some. */
#ifndef GPEN_HTTP_FOLLOWERS_H
#define GPEN_HTTP_FOLLOWERS_H

#include "http/ring.h"
#include "http/room.h"

typedef struct follower_list follower_list;

gpen_status followers_new(follower_list **out, event_ring *ring, gpen_error *error);
void followers_free(follower_list *list); /* after their connections. NULL is fine */

/* Answers with the events of `batch` (0: all) from now on, or from behind Last-Event-ID. */
void followers_answer(follower_list *list, http_request *request, int64_t batch);

/* Wakes those for whom there is something, and now and then the others, so that lost lines are noticed; to be called several times a
 * second. */
void followers_wake(follower_list *list);

/* Ends all of their answers, now and from now on. */
void followers_end(follower_list *list);

int followers_count(follower_list *list);

#endif

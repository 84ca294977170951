/* Getting a file in spite of everything: which address, from which byte, how often. Its own file because it is policy;
 * how bytes come is http_get.c's matter, what they must be the caller's.
 *
 * The part file is truncated before a note about new contents is written, and the note is written before their first
 * byte: whenever this process is killed, what stands in the part is the beginning of what the note names. */
#include "weights/download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "weights/download_note.h"

enum {
    WORTHWHILE = 1 << 20, /* bytes: an address that brought so many before it broke off is asked on at once */
    LONGEST_WAIT = 30,    /* seconds */
};

/* What to do about an attempt that failed. */
typedef enum attempt_verdict {
    ATTEMPT_BROKE_OFF, /* perhaps later */
    ATTEMPT_HOPELESS,  /* this address never */
    ATTEMPT_ANEW,      /* what is there does not fit what this address has: from the beginning */
    ATTEMPT_FATAL,     /* no address can help */
} attempt_verdict;

typedef struct download_state {
    const download_request *request;
    const char *address;          /* the one that is asked */
    char shown[HTTP_MAX_ADDRESS]; /* its public form */
    int descriptor;               /* of the part, locked */
    int64_t size;                 /* bytes in the part */
    int64_t total;                /* it will have; -1: unknown */
    int64_t asked;                /* of them were there when the request was made */
    download_note note;           /* what the part is the beginning of */
    attempt_verdict verdict;      /* of an attempt that failed */
    bool continued;               /* the part holds bytes of more than one answer */
    bool spoiled;                 /* what the part holds is of no use */
    double told;                  /* when the watcher was last told */
} download_state;

static bool tell(const download_state *state, pull_step step, double seconds, const gpen_error *reason)
{
    const download_request *request = state->request;
    const pull_event event = {.step = step,
                              .address = state->shown,
                              .bytes = state->size,
                              .total = state->total,
                              .seconds = seconds,
                              .reason = reason};
    return !request->watch || request->watch(request->watch_context, &event);
}

/* ---------------------------------------------------------------- the part */

static bool is_still(int descriptor, const char *path)
{
    struct stat opened, named;
    return !fstat(descriptor, &opened) && !stat(path, &named) && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

/* Opens and locks the part. A process that finishes removes its part, so that a lock counts only on a file that still has
 * its name. *descriptor is -1 after a failure. */
static gpen_status open_part(int *descriptor, const char *path, gpen_error *error)
{
    for (;;) {
        *descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
        if (*descriptor < 0)
            return gpen_fail_write(error, errno, path, "opening");
        int failed = flock(*descriptor, LOCK_EX | LOCK_NB) ? errno : 0;
        if (!failed && is_still(*descriptor, path))
            return GPEN_OK;
        close(*descriptor);
        *descriptor = -1;
        if (failed == EWOULDBLOCK)
            return gpen_fail(error, GPEN_FETCH_FAILED, "another gpen is fetching it just now");
        if (failed && failed != EINTR)
            return gpen_fail_write(error, failed, path, "locking");
    }
}

static gpen_status measure_part(download_state *state, gpen_error *error)
{
    struct stat status;
    if (fstat(state->descriptor, &status))
        return gpen_fail_write(error, errno, state->request->part, "looking at it");
    if (!S_ISREG(status.st_mode))
        return gpen_fail(error, GPEN_WRITE_FAILED, "%s: not a file", state->request->part);
    state->size = status.st_size;
    return GPEN_OK;
}

static gpen_status empty_part(download_state *state, gpen_error *error)
{
    state->size = 0;
    state->total = -1;
    state->continued = state->spoiled = false;
    state->note = (download_note){.length = -1};
    if (ftruncate(state->descriptor, 0)) {
        state->verdict = ATTEMPT_FATAL;
        return gpen_fail_write(error, errno, state->request->part, "emptying");
    }
    return GPEN_OK;
}

static void remove_part(const char *part, const char *note)
{
    (void)unlink(note);
    (void)unlink(part);
}

/* ---------------------------------------------------------------- one answer */

static gpen_status refuse(download_state *state, attempt_verdict verdict, gpen_status status)
{
    state->verdict = verdict;
    return status;
}

/* Is the announced length possible at all? */
static gpen_status check_length(download_state *state, int64_t length, gpen_error *error)
{
    const download_request *request = state->request;
    if (length >= 0 && request->length >= 0 && length != request->length)
        return refuse(state, ATTEMPT_HOPELESS,
                      gpen_fail(error, GPEN_MODEL_INVALID, "the file there has %lld bytes, not the published %lld",
                                (long long)length, (long long)request->length));
    if (length > request->limit)
        return refuse(state, ATTEMPT_HOPELESS,
                      gpen_fail(error, GPEN_MODEL_INVALID, "the file there has %lld bytes, more than any model",
                                (long long)length));
    return GPEN_OK;
}

/* A whole file comes: what was there makes room for it. */
static gpen_status begin_whole(download_state *state, const http_answer *answer, gpen_error *error)
{
    gpen_status status = check_length(state, answer->length, error);
    if (!status)
        status = empty_part(state, error);
    if (status)
        return status;
    memcpy(state->note.address, state->shown, sizeof state->shown);
    memcpy(state->note.etag, answer->etag, sizeof answer->etag);
    memcpy(state->note.modified, answer->modified, sizeof answer->modified);
    state->note.length = state->total = answer->length;
    status = download_note_write(&state->note, state->request->note, error);
    return status ? refuse(state, ATTEMPT_FATAL, status) : GPEN_OK;
}

/* The rest of what is there comes, if it really is that. */
static gpen_status begin_rest(download_state *state, const http_answer *answer, gpen_error *error)
{
    const download_note *note = &state->note;
    bool same_place = !strcmp(note->address, state->shown);
    bool other_file = same_place && *note->etag && *answer->etag && strcmp(note->etag, answer->etag) != 0;
    bool other_length = note->length >= 0 && answer->total >= 0 && note->length != answer->total;
    if (!state->asked || answer->first != state->asked || other_file || other_length)
        return refuse(state, ATTEMPT_ANEW,
                      gpen_fail(error, GPEN_FETCH_FAILED, "the server continues another file than the one begun"));
    gpen_status status = check_length(state, answer->total, error);
    if (status)
        return status;
    state->continued = true;
    state->total = answer->total >= 0 ? answer->total : note->length;
    return GPEN_OK;
}

static gpen_status begin(void *context, const http_answer *answer, gpen_error *error)
{
    download_state *state = context;
    if (answer->code == 200)
        return begin_whole(state, answer, error);
    if (answer->code == 206)
        return begin_rest(state, answer, error);
    return refuse(state, ATTEMPT_HOPELESS, gpen_fail(error, GPEN_FETCH_FAILED, "the server answers %d", answer->code));
}

static gpen_status take(void *context, const void *bytes, size_t count, gpen_error *error)
{
    download_state *state = context;
    const char *next = bytes;
    int64_t most = state->total >= 0 ? state->total : state->request->limit;
    state->spoiled = (int64_t)count > most - state->size;
    if (state->spoiled)
        return refuse(state, ATTEMPT_HOPELESS,
                      gpen_fail(error, GPEN_MODEL_INVALID, "the server sends more than the file can have (%lld bytes)",
                                (long long)most));
    while (count) {
        ssize_t written = pwrite(state->descriptor, next, count, (off_t)state->size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return refuse(state, ATTEMPT_FATAL, gpen_fail_write(error, errno, state->request->part, "writing"));
        next += written;
        count -= (size_t)written;
        state->size += written;
    }
    return GPEN_OK;
}

static bool go_on(void *context)
{
    download_state *state = context;
    double now = clock_seconds();
    if (now - state->told < 0.1)
        return true;
    state->told = now;
    return tell(state, PULL_RECEIVING, 0, NULL);
}

/* ---------------------------------------------------------------- one attempt */

/* Is the beginning in the part good for this address? */
static bool can_continue(const download_state *state)
{
    const download_note *note = &state->note;
    if (!state->size || !*note->address)
        return false;
    return state->request->sum_known || (!strcmp(note->address, state->shown) && download_note_validator(note));
}

static bool is_whole(const download_state *state)
{
    return can_continue(state) && state->note.length >= 0 && state->size == state->note.length;
}

static attempt_verdict judge_code(int code)
{
    bool perhaps_later = code < 400 || code >= 500 || code == 408 || code == 425 || code == 429;
    return perhaps_later ? ATTEMPT_BROKE_OFF : ATTEMPT_HOPELESS;
}

/* The server has nothing beyond what is there: then it was all of it, or it is another file. */
static gpen_status end_of_file(download_state *state, const http_answer *answer, gpen_error *error)
{
    if (answer->total == state->size && (state->note.length < 0 || state->note.length == state->size)) {
        state->total = state->size;
        return GPEN_OK;
    }
    return refuse(state, ATTEMPT_ANEW,
                  gpen_fail(error, GPEN_FETCH_FAILED, "the file there is shorter than what was begun"));
}

/* Asks the address for what is missing. */
static gpen_status ask_for_rest(download_state *state, gpen_error *error)
{
    http_answer answer;
    bool same_place = !strcmp(state->note.address, state->shown);
    state->asked = can_continue(state) ? state->size : 0;
    state->verdict = ATTEMPT_BROKE_OFF;
    const http_request request = {.address = state->address,
                                  .offset = state->asked,
                                  .if_range = same_place ? download_note_validator(&state->note) : NULL,
                                  .stall_seconds = state->request->stall_seconds,
                                  .begin = begin,
                                  .take = take,
                                  .go_on = go_on,
                                  .context = state};
    gpen_status status = http_get(&request, &answer, error);
    if (status == GPEN_FETCH_FAILED && answer.code == 416 && state->asked)
        return end_of_file(state, &answer, error);
    if (status == GPEN_FETCH_FAILED && answer.code >= 300)
        state->verdict = judge_code(answer.code);
    else if (status == GPEN_FETCH_REFUSED)
        state->verdict = ATTEMPT_HOPELESS;
    else if (status == GPEN_CANCELLED || status == GPEN_OUT_OF_MEMORY || status == GPEN_UNSUPPORTED_FORMAT)
        state->verdict = ATTEMPT_FATAL;
    if (!status && state->total >= 0 && state->size != state->total)
        return gpen_fail(error, GPEN_FETCH_FAILED, "it broke off after %lld of %lld bytes", (long long)state->size,
                         (long long)state->total);
    return status;
}

static gpen_status accept(download_state *state, gpen_error *error)
{
    state->total = state->size;
    if (!tell(state, PULL_INSTALLING, 0, NULL))
        return refuse(state, ATTEMPT_FATAL, gpen_fail(error, GPEN_CANCELLED, "stopped; what came so far is kept"));
    gpen_status status = state->request->accept(state->request->accept_context, error);
    state->spoiled = status == GPEN_MODEL_INVALID;
    if (status && !state->spoiled)
        state->verdict = ATTEMPT_FATAL;
    else if (status) /* two answers may not have been parts of one file */
        state->verdict = state->continued ? ATTEMPT_ANEW : ATTEMPT_HOPELESS;
    return status;
}

/* What is missing, and then the question whether it is the right file. */
static gpen_status attempt(download_state *state, gpen_error *error)
{
    gpen_status status = GPEN_OK;
    if (is_whole(state)) {
        state->continued = true; /* by an earlier call; nobody knows of how many answers it is made */
    } else {
        if (!tell(state, PULL_ASKING, 0, NULL))
            return refuse(state, ATTEMPT_FATAL, gpen_fail(error, GPEN_CANCELLED, "stopped; what came so far is kept"));
        status = ask_for_rest(state, error);
    }
    return status ? status : accept(state, error);
}

/* As many attempts as this address is worth before the next one's turn. */
static gpen_status try_address(download_state *state, const char *address, gpen_error *error)
{
    bool anew = false;
    state->address = address;
    address_public(state->shown, address);
    for (;;) {
        int64_t before = state->size;
        gpen_status status = attempt(state, error);
        if (!status || state->verdict == ATTEMPT_FATAL)
            return status;
        (void)tell(state, PULL_FAILED, 0, error);
        if ((state->spoiled || state->verdict == ATTEMPT_ANEW) && empty_part(state, error))
            return error->status;
        bool again = state->verdict == ATTEMPT_ANEW && !anew;
        bool on = state->verdict == ATTEMPT_BROKE_OFF && state->size - before >= WORTHWHILE && can_continue(state);
        if (!again && !on)
            return status;
        anew = anew || again;
    }
}

/* ---------------------------------------------------------------- all addresses */

static gpen_status wait_a_while(download_state *state, int round, gpen_error *error)
{
    double seconds = round < 6 ? (double)(1 << (round - 1)) : LONGEST_WAIT;
    double end = clock_seconds() + (seconds < LONGEST_WAIT ? seconds : LONGEST_WAIT);
    for (;;) {
        double left = end - clock_seconds();
        if (left <= 0)
            return GPEN_OK;
        if (!tell(state, PULL_WAITING, left, NULL)) {
            state->verdict = ATTEMPT_FATAL;
            return gpen_fail(error, GPEN_CANCELLED, "stopped; what came so far is kept");
        }
        const struct timespec pause = {.tv_nsec = 100000000};
        (void)nanosleep(&pause, NULL);
    }
}

/* The address that the part is from, since it can go on there; else the first. */
static size_t first_address(const download_state *state)
{
    char shown[HTTP_MAX_ADDRESS];
    for (size_t i = 0; state->size && i < state->request->address_count; i++) {
        address_public(shown, state->request->addresses[i]);
        if (!strcmp(shown, state->note.address))
            return i;
    }
    return 0;
}

/* Once around. *left: how many addresses are worth another time. */
static gpen_status try_all(download_state *state, bool *hopeless, size_t *left, gpen_error *error)
{
    const download_request *request = state->request;
    gpen_status status = GPEN_FETCH_FAILED;
    size_t first = first_address(state);
    *left = 0;
    for (size_t i = 0; i < request->address_count; i++) {
        size_t at = (first + i) % request->address_count;
        if (hopeless[at])
            continue;
        status = try_address(state, request->addresses[at], error);
        if (!status || state->verdict == ATTEMPT_FATAL)
            return status;
        hopeless[at] = state->verdict != ATTEMPT_BROKE_OFF;
        *left += !hopeless[at];
    }
    return status;
}

/* Puts where it happened in front of the reason. */
static gpen_status name_address(const download_state *state, gpen_status status, gpen_error *error)
{
    gpen_error inner = *error;
    return gpen_fail(error, status, "%.200s: %s", state->shown, inner.message);
}

static gpen_status try_rounds(download_state *state, bool *hopeless, gpen_error *error)
{
    size_t left = state->request->address_count;
    gpen_status status = GPEN_OK;
    for (int round = 0; left && round <= state->request->retries; round++) {
        if (round) {
            gpen_status stopped = wait_a_while(state, round, error);
            if (stopped)
                return stopped;
        }
        status = try_all(state, hopeless, &left, error);
        if (!status || state->verdict == ATTEMPT_FATAL)
            return status;
    }
    return name_address(state, status, error);
}

static gpen_status run(download_state *state, gpen_error *error)
{
    const download_request *request = state->request;
    gpen_status status = measure_part(state, error);
    if (status)
        return status;
    download_note_read(&state->note, request->note);
    state->total = state->note.length;
    bool *hopeless = calloc(request->address_count, sizeof *hopeless);
    if (!hopeless)
        return gpen_fail_memory(error, "a list of addresses", request->address_count);
    status = try_rounds(state, hopeless, error);
    free(hopeless);
    return status;
}

gpen_status download(const download_request *request, gpen_error *error)
{
    gpen_error own; /* the reasons of addresses are told while it goes on, whether or not the caller wants the last */
    download_state *state = calloc(1, sizeof *state);
    if (!state)
        return gpen_fail_memory(error, "a download", sizeof *state);
    state->request = request;
    if (!error)
        error = &own;
    gpen_status status = open_part(&state->descriptor, request->part, error);
    if (!status) {
        status = run(state, error);
        if (!status || !state->size)
            remove_part(request->part, request->note);
        close(state->descriptor);
    }
    free(state);
    return status;
}

void download_discard(const char *part, const char *note)
{
    int descriptor;
    if (!path_is_file(part))
        return;
    if (open_part(&descriptor, part, NULL))
        return;
    remove_part(part, note);
    close(descriptor);
}

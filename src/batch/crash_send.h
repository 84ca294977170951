/* crash_send.h: tells a server that speaks Sentry's language of workers that crashed, when a person has configured one.
 *
 *     crash_sender *sender;
 *     status = crash_sender_from_environment(&sender, &error);     NULL where nothing is configured
 *     crash_sender_add(sender, number, reason, record);            at once, from the supervisor
 *     crash_sender_free(sender);                                   waits a few seconds for what is under way
 *
 * What is sent: the program's version, the system's name and release, the processor's kind, the signal and reason, the stage of the work,
 * how much memory the worker had, and names of functions with their offsets. What is not: photos, their names or numbers, paths,
 * settings, the machine's name, anything that a message says in words. docs/OPERATING.md has it for operators.
 *
 * It happens in a thread of its own with time limits; work never waits for it. Each crash is sent once: one that cannot be is
 * lost, which the log says. At most CRASH_MOST_SENT an hour. */
#ifndef GPEN_BATCH_CRASH_SEND_H
#define GPEN_BATCH_CRASH_SEND_H

#include <sys/types.h>

#include "batch/crash.h"
#include "batch/sentry_dsn.h"

typedef struct crash_sender crash_sender;

enum {
    CRASH_MOST_WAITING = 8, /* more at once are lost */
    CRASH_MOST_SENT = 30,
    CRASH_SECONDS = 10,     /* that sending one may take */
    CRASH_LAST_SECONDS = 3, /* that the end waits for it */
    CRASH_MOST_FRAMES = 64,
    CRASH_MOST_ENVELOPE = 24 * 1024,
};

/* Release with crash_sender_free. Errors: OUT_OF_MEMORY. */
gpen_status crash_sender_new(crash_sender **out, const sentry_dsn *dsn, gpen_error *error);

/* As GPEN_SENTRY_DSN, or else the file that GPEN_SENTRY_DSN_FILE names, says; *out is NULL, and the status OK, when neither is set. The
 * variable is taken out of the environment, so that no worker has it: before other threads are started. Errors: BAD_ARGUMENT (no
 * DSN; the message does not repeat it), INPUT_MISSING (no such file), OUT_OF_MEMORY. */
gpen_status crash_sender_from_environment(crash_sender **out, gpen_error *error);

/* A worker has died; other reasons than CRASHED are not sent. Copies what it needs; never waits; sender may be NULL. */
void crash_sender_add(crash_sender *sender, pid_t worker, gpen_status reason, const crash_record *record);

/* NULL is fine. */
void crash_sender_free(crash_sender *sender);

/* What is sent: an envelope with one event, in text[CRASH_MOST_ENVELOPE]. event: 32 hexadecimal digits. Returns its length; 0: it
 * does not fit, which does not happen. */
size_t crash_envelope_write(char *text, const char *event, int64_t now, gpen_status reason, const crash_record *record);

#endif

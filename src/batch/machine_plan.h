/* machine_plan.h: how many workers, with how many threads each, for a machine. A pure function: who calls it brings the facts. */
#ifndef GPEN_BATCH_MACHINE_PLAN_H
#define GPEN_BATCH_MACHINE_PLAN_H

#include <gpen.h>
#include <stddef.h>

/* MiB of a photo of 24 megapixels while it is worked on: three channels, five copies. */
enum { MACHINE_USUAL_PHOTO = 24 * 3 * 5 };

typedef struct machine_facts {
    int cores;               /* that this process may use, at least 1 */
    int available_mebibytes; /* memory free for the work now; 0: unknown */
    int model_mebibytes;     /* that a worker takes with its models, before any photo */
    int photo_mebibytes;     /* that the largest photo takes while it is worked on */
    int photos;              /* how many there are; 0: many */
    int workers, threads;    /* as a person wants them; 0: as the machine allows */
} machine_facts;

typedef enum machine_limit {
    LIMITED_BY_CORES,
    LIMITED_BY_MEMORY,
    SHORT_OF_MEMORY,
    LIMITED_BY_PHOTOS, /* there are fewer than cores */
    AS_WANTED,         /* a person said so */
} machine_limit;

typedef struct machine_plan {
    int workers, threads; /* threads that compute, in each worker */
    int worker_mebibytes; /* that each may take; 0: no limit, because nothing is known about memory */
    int needed_mebibytes; /* that each is expected to take at most */
    machine_limit limit;  /* what kept it from more */
} machine_plan;

/* A worker with one thread makes the most of a core, because nothing in it waits for another thread; so there are as many
 * workers as cores where memory allows, and otherwise the cores are shared among fewer. A fifth of the memory is left to the
 * rest of the machine. A worker holds up to two photos in memory and writes a third. */
machine_plan machine_plan_make(const machine_facts *facts);

/* The plan with its reason, one sentence. */
void machine_plan_sentence(const machine_plan *plan, gpen_language language, char *text, size_t capacity);

#endif

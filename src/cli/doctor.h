/* doctor.h: what the files of `gpen doctor` share. Private to them. */
#ifndef GPEN_CLI_DOCTOR_H
#define GPEN_CLI_DOCTOR_H

#include "base/json_write.h"
#include "batch/machine_plan.h"

typedef enum finding_state {
    FINDING_OK,
    FINDING_NOTE,    /* worth knowing */
    FINDING_WARNING, /* it works, but not as well as it could */
    FINDING_PROBLEM  /* something does not work */
} finding_state;

/* One thing that was looked at. */
typedef struct finding {
    const char *name; /* "memory": for people and for programs */
    finding_state state;
    char text[1024]; /* a sentence or two */
} finding;

enum { MOST_FINDINGS = 16 };

typedef struct finding_list {
    finding list[MOST_FINDINGS];
    int count;
} finding_list;

/* Adds a finding (printf style). */
void finding_add(finding_list *findings, const char *name, finding_state state, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Each looks at one thing and adds what it finds. */
void examine_processor(finding_list *findings);
void examine_memory(finding_list *findings);
void examine_pictures(finding_list *findings);
void examine_models(finding_list *findings);
void examine_sandbox(finding_list *findings);
void examine_folders(finding_list *findings);

/* How a batch would run with the best installed model. */
typedef struct doctor_plan {
    bool known; /* false: there is no model to plan with */
    char model[256];
    gpen_precision precision;
    int weight_mebibytes, arena_mebibytes; /* of the model */
    machine_facts facts;
    machine_plan plan;
    char sentences[2][1152]; /* by gpen_language */
} doctor_plan;

void examine_plan(finding_list *findings, doctor_plan *plan);

/* As the field "plan"; null when it is not known. */
void doctor_plan_json(json_writer *json, const doctor_plan *plan);

#endif

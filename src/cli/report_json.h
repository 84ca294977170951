/* report_json.h: the report of a batch for programs. Private to report.c. */
#ifndef GPEN_CLI_REPORT_JSON_H
#define GPEN_CLI_REPORT_JSON_H

#include "cli/report.h"

void report_json_item(const item_outcome *outcome);
void report_json_error(const gpen_error *error);
void report_json_summary(const batch_report *report, int signal, int exit_status);

#endif

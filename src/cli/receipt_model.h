/* receipt_model.h: which model it was, for a result's receipt. Private to src/cli. */
#ifndef GPEN_CLI_RECEIPT_MODEL_H
#define GPEN_CLI_RECEIPT_MODEL_H

#include "batch/message.h"
#include "batch/receipt.h"
#include "cli/model_choice.h"

/* Names the choice and finds its file's SHA-256: the one recorded when it was installed, or the one computed when it was
 * first used as it is. A choice of
 * nothing is fine. Errors: INPUT_MISSING. */
gpen_status receipt_name_model(receipt_model *named, const model_choice *choice, gpen_error *error);

/* The same for a worker, with its absolute path. A choice without a path is none, and leaves *model as it is. Errors: BAD_ARGUMENT (the path
 * is too long), and those of receipt_name_model. */
gpen_status receipt_worker_model(worker_model *model, const model_choice *choice, gpen_error *error);

#endif

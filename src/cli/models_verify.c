/* `gpen models verify`: are the models still what was installed, and are their numbers numbers? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "cli/models.h"
#include "cli/options.h"
#include "cli/text.h"
#include "portrait/portrait.h"

static bool all_finite(const float *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

static gpen_status check_tensor(const weights *file, const weights_tensor *tensor, gpen_error *error)
{
    size_t bytes;
    if (!size_multiply((size_t)tensor->count, sizeof(float), &bytes))
        return gpen_fail(error, GPEN_MODEL_INVALID, "the tensor %s is too large", tensor->name);
    float *values = malloc(bytes ? bytes : 1);
    if (!values)
        return gpen_fail_memory(error, tensor->name, bytes);
    gpen_status status = weights_read_f32(file, tensor, values, error);
    if (!status && !all_finite(values, tensor->count))
        status = gpen_fail(error, GPEN_MODEL_INVALID, "the tensor %s holds values that are no numbers", tensor->name);
    free(values);
    return status;
}

/* The tensors: all there for one of the networks, and all readable. */
static gpen_status check_tensors(const char *path, gpen_error *error)
{
    weights *file;
    gpen_status status = weights_open(&file, path, error);
    if (status)
        return status;
    model_kind kind;
    status = model_identify(file, &kind, error);
    for (size_t i = 0; !status && i < weights_count(file); i++)
        status = check_tensor(file, weights_at(file, i), error);
    weights_close(file);
    return status;
}

/* model NULL: a file that is not installed, of which no sum is known. */
static bool verify(const char *name, const char *path, const installed_model *model)
{
    gpen_error error;
    const char *remark = model ? "" : " (not installed, so there is no SHA-256 to compare)";
    gpen_status status = model ? models_verify(model, &error) : GPEN_OK;
    if (status ==
        GPEN_UNSUPPORTED_FORMAT) { /* this build cannot compute the sum; the rest can be checked all the same */
        status = GPEN_OK;
        remark = " (the SHA-256 was not compared: this build cannot compute it)";
    }
    if (!status)
        status = check_tensors(path, &error);
    printf(status ? "BAD   " : "ok    ");
    text_print(stdout, name);
    if (status) {
        printf(": %s\n      ", gpen_status_sentence(status, text_language()));
        text_print(stdout, error.message);
    } else {
        printf("%s", remark);
    }
    (void)fputc('\n', stdout);
    (void)fflush(stdout);
    return status == GPEN_OK;
}

static bool is_model(const installed_model *model, const char *word)
{
    if (!strcmp(model->name, word))
        return true;
    char *path = realpath(word, NULL);
    bool same = path && !strcmp(path, model->path);
    free(path);
    return same;
}

static bool verify_named(const char *word, const installed_model *models, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_model(&models[i], word))
            return verify(models[i].name, models[i].path, &models[i]);
    char *path;
    gpen_error error;
    if (models_resolve(word, &path, &error)) {
        printf("BAD   ");
        text_print(stdout, error.message);
        (void)fputc('\n', stdout);
        return false;
    }
    bool good = verify(word, path, NULL);
    free(path);
    return good;
}

static bool verify_all(const installed_model *models, size_t count)
{
    bool good = true;
    for (size_t i = 0; i < count; i++)
        good = verify(models[i].name, models[i].path, &models[i]) && good;
    if (!count)
        printf("There are no models. 'gpen models import FILE' installs one.\n");
    return good;
}

int models_verify_command(int argc, char **argv)
{
    static const command_manual manual = {
        .command = "models verify",
        .purpose = "are models whole, and still what was installed?",
        .usage = "gpen models verify [NAME|FILE...]",
        .examples = "gpen models verify                 all of them\n"
                    "gpen models verify GPEN-BFR-512",
        .notes = "Compares an installed model's SHA-256 with the recorded one, and reads every tensor.\n"
                 "Exit status: 0 all are good, 1 one is not.",
    };
    int operands;
    int status = options_parse(&manual, argc, argv, &operands);
    if (status != CLI_GO_ON)
        return status;
    installed_model *models;
    size_t count;
    gpen_error error;
    if (models_list(&models, &count, &error))
        return complain("%s", error.message);
    bool good = true;
    for (int i = 1; i <= operands; i++)
        good = verify_named(argv[i], models, count) && good;
    if (!operands)
        good = verify_all(models, count);
    models_list_free(models, count);
    return good ? CLI_DONE : CLI_SOME_FAILED;
}

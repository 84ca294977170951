/* What the doctor says about models: which would be used, and whether they work. Its own file because each of them is opened and
 * run, which none of the other examinations does. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/doctor.h"
#include "cli/model_choice.h"

/* ---------------------------------------------------------------- the restorer */

static void examine_restorer(finding_list *findings)
{
    gpen_error error;
    model_choice choice;
    if (model_choose(&choice, MODEL_RESTORER, NULL, &error)) {
        finding_add(findings, "restorer", FINDING_PROBLEM, "%s", error.message);
        return;
    }
    if (choice.bundled)
        finding_add(findings, "restorer", FINDING_NOTE,
                    "only the small one that comes with the program; 'gpen models pull GPEN-BFR-512' fetches the "
                    "published one, of full quality (%s)",
                    choice.path);
    else
        finding_add(findings, "restorer", FINDING_OK, "%s is used by default (%s)", choice.name, choice.path);
    model_choice_free(&choice);
}

/* A picture of slow and fast waves: nothing a network could not bear. */
static void fill_test_picture(float *planar, int size)
{
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < size; y++)
            for (int x = 0; x < size; x++)
                *planar++ = 0.8f * sinf(0.05f * (float)x * (float)(c + 1)) * cosf(0.03f * (float)y);
}

/* Finite everywhere, and not one flat colour. */
static bool is_sound(const float *planar, size_t count)
{
    bool varies = false;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(planar[i]))
            return false;
        varies = varies || planar[i] != planar[0];
    }
    return varies;
}

static gpen_status run_test_picture(gpen_model *model, double *seconds, gpen_error *error)
{
    gpen_model_info info;
    gpen_model_describe(model, &info);
    size_t count = (size_t)3 * (size_t)info.size * (size_t)info.size;
    float *planar = calloc(count, sizeof *planar);
    if (!planar)
        return gpen_fail_memory(error, "a test picture", count * sizeof *planar);
    fill_test_picture(planar, info.size);
    double begun = clock_seconds();
    gpen_status status = gpen_model_run(model, planar, planar, error);
    *seconds = clock_seconds() - begun;
    if (!status && !is_sound(planar, count))
        status = gpen_fail(error, GPEN_MODEL_INVALID, "what it computed is no picture");
    free(planar);
    return status;
}

/* Loads the restorer that comes with the program and lets it work. */
static void examine_computing(finding_list *findings)
{
    gpen_error error;
    char *path = NULL;
    gpen_model *model = NULL;
    double seconds = 0;
    gpen_status status = models_resolve(BUNDLED_RESTORER, &path, &error);
    if (!status)
        status = gpen_model_open(&model, path, NULL, &error);
    if (!status)
        status = run_test_picture(model, &seconds, &error);
    if (status)
        finding_add(findings, "self-test", FINDING_PROBLEM, "the program's own model does not work: %s", error.message);
    else
        finding_add(findings, "self-test", FINDING_OK, "the program's own model restored a test picture in %.2f s",
                    seconds);
    gpen_model_close(model);
    free(path);
}

/* ---------------------------------------------------------------- detector and parser */

enum { TEST_SIDE = 96 };

/* Looks for faces where there is none: what counts is that it can be done. */
static gpen_status try_detector(const char *path, gpen_error *error)
{
    static unsigned char grey[TEST_SIDE * TEST_SIDE];
    const gpen_image picture = {TEST_SIDE, TEST_SIDE, 1, 8, TEST_SIDE, grey};
    const gpen_options options = {.detector = path};
    gpen_model *model;
    gpen_faces faces = {0};
    gpen_status status = gpen_model_open(&model, NULL, &options, error);
    if (!status)
        status = gpen_detect(model, &picture, gpen_settings_default().least_score, &faces, error);
    gpen_faces_free(&faces);
    gpen_model_close(model);
    return status;
}

static void examine_detector(finding_list *findings)
{
    gpen_error error;
    model_choice choice;
    gpen_status status = model_choose(&choice, MODEL_DETECTOR, NULL, &error);
    if (status) {
        finding_add(findings, "detector", status == GPEN_MODEL_MISSING ? FINDING_WARNING : FINDING_PROBLEM, "%s",
                    error.message);
        return;
    }
    if (try_detector(choice.path, &error))
        finding_add(findings, "detector", FINDING_PROBLEM, "%s does not work: %s", choice.name, error.message);
    else
        finding_add(findings, "detector", FINDING_OK, "%s finds the faces in photos, and works (%s)", choice.name,
                    choice.path);
    model_choice_free(&choice);
}

static gpen_status try_parser(const char *path, gpen_error *error)
{
    const gpen_options options = {.parser = path};
    gpen_model *model;
    gpen_status status = gpen_model_open(&model, NULL, &options, error);
    gpen_model_close(model);
    return status;
}

static void examine_parser(finding_list *findings)
{
    gpen_error error;
    model_choice choice;
    if (model_choose(&choice, MODEL_PARSER, NULL, &error))
        finding_add(findings, "parser", FINDING_PROBLEM, "%s", error.message);
    else if (!choice.path)
        finding_add(findings, "parser", FINDING_NOTE,
                    "none: restored faces are fitted in by an ellipse; 'gpen models pull ParseNet' fetches a network "
                    "that knows a face's edge");
    else if (try_parser(choice.path, &error))
        finding_add(findings, "parser", FINDING_PROBLEM, "%s does not work: %s", choice.name, error.message);
    else
        finding_add(findings, "parser", FINDING_OK, "%s finds a face's edge (%s)", choice.name, choice.path);
    model_choice_free(&choice);
}

void examine_models(finding_list *findings)
{
    examine_restorer(findings);
    examine_detector(findings);
    examine_parser(findings);
    examine_computing(findings);
}

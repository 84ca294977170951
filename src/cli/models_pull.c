/* `gpen models pull`: which models are meant, whether their licences are accepted, and then one after another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/models.h"
#include "cli/nearest.h"
#include "cli/options.h"
#include "cli/pull_report.h"
#include "cli/text.h"
#include "portrait/portrait.h"

typedef struct pull_settings {
    const char *from;
    int retries, timeout;
    bool accept_license, overwrite, json, quiet;
} pull_settings;

/* ---------------------------------------------------------------- which */

static int complain_unknown(const char *word)
{
    const char *names[64], *meant;
    size_t count, usable = 0;
    const published_model *models = published_models(&count);
    for (size_t i = 0; i < count && usable < sizeof names / sizeof *names; i++)
        if (published_usable(&models[i]))
            names[usable++] = models[i].name;
    meant = nearest_word(word, names, usable);
    if (meant)
        return complain_usage("models pull", "no published model is called '%s'; did you mean %s?", word, meant);
    return complain_usage("models pull", "no published model is called '%s'; 'gpen models list' lists them", word);
}

/* CLI_GO_ON when each can be fetched. */
static int check_names(const pull_settings *settings, char **names, int count)
{
    if (!count)
        return complain_usage("models pull", "say which model; 'gpen models list' lists them");
    if (settings->from && count > 1)
        return complain_usage("models pull", "--from is the address of one model, and %d are asked for", count);
    for (int i = 0; i < count; i++) {
        const published_model *model = published_find(names[i]);
        if (!model)
            return complain_unknown(names[i]);
        if (!published_usable(model))
            return complain_usage("models pull", "%s enlarges whole photos, which this version cannot do yet",
                                  model->name);
    }
    return CLI_GO_ON;
}

/* ---------------------------------------------------------------- licences */

/* Asks on the terminal. True: yes. */
static bool ask(const published_model *model, gpen_language language)
{
    char answer[64] = "";
    fprintf(stderr,
            language == GPEN_CHINESE ? "%s 的许可：%s。\n接受吗？[y/N] "
                                     : "The licence of %s: %s.\nDo you accept it? [y/N] ",
            model->name, model->license);
    (void)fflush(stderr);
    if (!fgets(answer, sizeof answer, stdin))
        (void)fputc('\n', stderr);
    answer[strcspn(answer, "\r\n")] = '\0';
    return !strcasecmp(answer, "y") || !strcasecmp(answer, "yes") || !strcmp(answer, "是");
}

static int refuse_unasked(const published_model *model, gpen_language language)
{
    return language == GPEN_CHINESE
               ? complain_usage("models pull", "%s 的许可（%s）需要先接受：请加上 --accept-license", model->name,
                                model->license)
               : complain_usage("models pull", "the licence of %s (%s) has to be accepted first: add --accept-license",
                                model->name, model->license);
}

/* CLI_GO_ON when the licence is accepted, by an earlier answer or now. */
static int settle_license(const pull_settings *settings, const published_model *model)
{
    gpen_language language = text_language();
    gpen_error error;
    if (license_accepted(model))
        return CLI_GO_ON;
    if (!settings->accept_license) {
        if (settings->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
            return refuse_unasked(model, language);
        if (!ask(model, language)) {
            complain(language == GPEN_CHINESE ? "%s：未接受许可，不下载"
                                              : "%s: not fetched, since its licence was not accepted",
                     model->name);
            return CLI_SOME_FAILED;
        }
    } else if (!settings->json && !settings->quiet) {
        complain(language == GPEN_CHINESE ? "%s 的许可：%s" : "the licence of %s: %s", model->name, model->license);
    }
    if (license_accept(model, &error))
        return complain("%s", error.message);
    return CLI_GO_ON;
}

/* ---------------------------------------------------------------- fetching */

static bool watch(void *context, const pull_event *event)
{
    /* What is being installed is finished, whoever wants to stop. */
    interrupt_hold(event->step == PULL_INSTALLING);
    pull_report_event(context, event);
    return event->step == PULL_INSTALLING || !interrupted();
}

static bool pull(const pull_settings *settings, const published_model *model)
{
    gpen_error error;
    bool present;
    pull_report report = pull_report_begin(model->name, settings->json, settings->quiet);
    const pull_options options = {.from = settings->from,
                                  .mirrors = getenv("GPEN_MODELS_MIRROR"),
                                  .retries = settings->retries,
                                  .stall_seconds = settings->timeout,
                                  .overwrite = settings->overwrite,
                                  .check = model_check_published,
                                  .watch = watch,
                                  .context = &report};
    gpen_status status = models_pull(model, &options, &present, &error);
    interrupt_hold(false);
    if (status)
        pull_report_failed(&report, &error);
    else
        pull_report_end(&report, present);
    return !status;
}

static int run(const pull_settings *settings, char **names, int count)
{
    int status = check_names(settings, names, count);
    if (status != CLI_GO_ON)
        return status;
    if (!models_pull_available())
        return complain("this build cannot download (it was made without libcurl or without GLib); fetch the file with "
                        "another program, and 'gpen models import FILE' installs it");
    for (int i = 0; i < count && status == CLI_GO_ON; i++)
        status = settle_license(settings, published_find(names[i]));
    if (status != CLI_GO_ON)
        return status;
    interrupt_listen();
    status = CLI_DONE;
    for (int i = 0; i < count && !interrupted(); i++)
        if (!pull(settings, published_find(names[i])))
            status = CLI_SOME_FAILED;
    return interrupted() ? 128 + interrupted() : status;
}

int models_pull_command(int argc, char **argv)
{
    pull_settings settings = {.retries = 4, .timeout = 30};
    const command_option options[] = {
        {"licence", "accept-license", 0, NULL, "Accept the model's licence, which is shown",
         .flag = &settings.accept_license},
        {"where from", "from", 0, "URL", "This address, and no other", .text = &settings.from},
        {"where from", "retries", 0, "N", "How often all addresses are tried once more (4)",
         .number = &settings.retries, .low = 0, .high = 100},
        {"where from", "timeout", 0, "S", "Seconds until a server that sends nothing is given up\n(30)",
         .number = &settings.timeout, .low = 1, .high = 3600},
        {"running", "overwrite", 0, NULL, "Fetch it again and replace what is installed", .flag = &settings.overwrite},
        {"running", "json", 0, NULL, "JSON lines on standard output", .flag = &settings.json},
        {"running", "quiet", 0, NULL, "Only say what failed", .flag = &settings.quiet},
    };
    const command_manual manual = {
        .command = "models pull",
        .purpose = "fetch published models and install them",
        .usage = "gpen models pull NAME... [option...]",
        .examples = "gpen models pull GPEN-BFR-512                        full quality\n"
                    "gpen models pull RetinaFace-R50 ParseNet             for whole photos\n"
                    "gpen models pull GPEN-BFR-512 --accept-license       in a script",
        .notes = "'gpen models list' says which there are. A model's licence is shown and has to be\n"
                 "accepted once. What came is checked before anything is installed: its length and\n"
                 "SHA-256 against the published ones; where none is published, its tensors, and its\n"
                 "SHA-256 against that of the file that was installed first.\n"
                 "\n"
                 "A download that broke off is continued by the same command. Proxies are taken from\n"
                 "https_proxy, http_proxy, all_proxy and no_proxy. GPEN_MODELS_MIRROR names folders\n"
                 "on web servers that are asked first, separated by spaces: a file is looked for\n"
                 "there under its published name, for instance GPEN-BFR-512.pth.",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    int operands;
    int status = options_parse(&manual, argc, argv, &operands);
    return status == CLI_GO_ON ? run(&settings, argv + 1, operands) : status;
}

/* What the doctor looks at: processor, memory, pictures, folders. The models have doctor_models.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/threads.h"
#include "batch/sandbox.h"
#include "cli/doctor.h"
#include "cli/machine.h"
#include "cli/picture_facts.h"
#include "nn/nn.h"

enum { MOST_LEVELS = 8 };

static void append(char *list, size_t capacity, const char *word)
{
    size_t used = strlen(list);
    snprintf(list + used, capacity - used, "%s%s", used ? ", " : "", word);
}

/* ---------------------------------------------------------------- processor */

/* Which level is chosen, and why not the best. */
static void examine_level(finding_list *findings, const char *const *levels, int count)
{
    nn_device *device;
    gpen_error error;
    if (nn_device_open(&device, &(nn_device_options){.threads = 1}, &error)) {
        finding_add(findings, "instructions", FINDING_PROBLEM, "%s", error.message);
        return;
    }
    const char *chosen = nn_device_level(device), *asked = getenv("GPEN_CPU");
    char all[128] = "";
    bool known = !asked || !*asked;
    for (int i = 0; i < count; i++) {
        append(all, sizeof all, levels[i]);
        known = known || !strcmp(asked, levels[i]);
    }
    if (!known)
        finding_add(findings, "instructions", FINDING_WARNING,
                    "%s is used. GPEN_CPU asks for '%s', which is none of this processor's: %s", chosen, asked, all);
    else if (count && strcmp(chosen, levels[0]) != 0)
        finding_add(findings, "instructions", FINDING_NOTE,
                    "%s is used, because GPEN_CPU asks for it; the best here is %s", chosen, levels[0]);
    else
        finding_add(findings, "instructions", FINDING_OK, "%s is used, the best of this processor's: %s", chosen, all);
    if (nn_device_has_bf16(device))
        finding_add(findings, "precision", FINDING_OK, "bf16 is used, twice as fast; fp32 in mode plain");
    else
        finding_add(findings, "precision", FINDING_NOTE, "fp32 is used: bf16 needs AVX-512 BF16");
    nn_device_close(device);
}

void examine_processor(finding_list *findings)
{
    char name[128];
    const char *levels[MOST_LEVELS];
    int cores = thread_count_default();
    machine_processor(name, sizeof name);
    finding_add(findings, "processor", FINDING_OK, "%s, %d core%s to use", name, cores, cores == 1 ? "" : "s");
    examine_level(findings, levels, nn_levels_available(levels, MOST_LEVELS));
}

void examine_memory(finding_list *findings)
{
    const double GIBI = 1024.0 * 1024.0 * 1024.0, ENOUGH = 1.0; /* GPEN 512 and a large photo */
    double total = (double)machine_memory() / GIBI, available = (double)machine_memory_free() / GIBI;
    if (available < 0)
        finding_add(findings, "memory", FINDING_OK, "%.1f GiB", total);
    else if (available < ENOUGH)
        finding_add(findings, "memory", FINDING_WARNING,
                    "%.1f GiB, of which only %.1f are free: large models may not fit", total, available);
    else
        finding_add(findings, "memory", FINDING_OK, "%.1f GiB, of which %.1f are free", total, available);
}

void examine_pictures(finding_list *findings)
{
    picture_facts facts;
    char problem[512];
    if (!picture_facts_find(&facts, problem, sizeof problem))
        finding_add(findings, "pictures", FINDING_PROBLEM, "%s", problem);
    else if (!*facts.library)
        finding_add(findings, "pictures", FINDING_NOTE,
                    "this build has no picture support: it can run models, and that is all");
    else if (*facts.unread)
        finding_add(findings, "pictures", FINDING_NOTE, "%s reads %s and writes %s, but cannot read %s", facts.library,
                    facts.read, facts.written, facts.unread);
    else
        finding_add(findings, "pictures", FINDING_OK, "%s reads %s and writes %s", facts.library, facts.read,
                    facts.written);
}

void examine_sandbox(finding_list *findings)
{
    bool calls = sandbox_has_system_calls(), files = sandbox_landlock_version() > 0;
    if (calls && files)
        finding_add(findings, "sandbox", FINDING_OK,
                    "worker processes reach neither the network nor any file but theirs");
    else if (calls)
        finding_add(findings, "sandbox", FINDING_NOTE,
                    "worker processes reach no network, and no file once their models are read; before that they can "
                    "read files, because this kernel has no Landlock");
    else if (files)
        finding_add(findings, "sandbox", FINDING_NOTE,
                    "worker processes reach no file but theirs; this build or this kernel cannot keep them from the "
                    "rest (libseccomp)");
    else
        finding_add(findings, "sandbox", FINDING_NOTE,
                    "worker processes are not shut in here: this system, or this build, has neither seccomp nor "
                    "Landlock");
}

/* ---------------------------------------------------------------- folders */

/* Can files be made in the folder, or could it be made? */
static bool is_writable(const char *path)
{
    char *at = strdup(path);
    while (at && access(at, F_OK) && strcmp(at, "/") != 0 && strcmp(at, ".") != 0) {
        char *above = path_folder(at);
        free(at);
        at = above;
    }
    bool writable = at && path_is_folder(at) && !access(at, W_OK | X_OK);
    free(at);
    return writable;
}

static void examine_folder(finding_list *findings, const char *name, const char *what, char *path)
{
    if (!path)
        finding_add(findings, name, FINDING_WARNING, "no folder for %s: neither GPEN_HOME nor HOME is set", what);
    else if (!is_writable(path))
        finding_add(findings, name, FINDING_WARNING, "%s would be kept in %s, which may not be written to", what, path);
    else
        finding_add(findings, name, FINDING_OK, "%s: %s", what, path);
    free(path);
}

void examine_folders(finding_list *findings)
{
    examine_folder(findings, "data", "installed models", folder_data());
    examine_folder(findings, "cache", "what can be made again", folder_cache());
    examine_folder(findings, "state", "what is under way", folder_state());
}

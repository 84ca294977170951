/* Finding stores, and the words that describe their batches. Its own file because all commands below `gpen batch` mean the same by them. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "cli/batch.h"
#include "cli/batch_run.h"
#include "cli/cli.h"
#include "cli/text.h"

/* ---------------------------------------------------------------- stores */

static bool holds_store(const char *folder)
{
    char *path = path_join(folder, "batches.db");
    bool holds = path && path_is_file(path);
    free(path);
    return holds;
}

/* Takes the folder over. */
static gpen_status add(store_list *list, char *folder, gpen_error *error)
{
    char **folders = folder ? realloc(list->folders, (list->count + 1) * sizeof *folders) : NULL;
    if (!folders) {
        free(folder);
        return gpen_fail_memory(error, "a list of folders", list->count);
    }
    list->folders = folders;
    list->folders[list->count++] = folder;
    return GPEN_OK;
}

static gpen_status add_chosen(store_list *list, const store_choice *choice, gpen_error *error)
{
    char *real = choice->out ? realpath(choice->out, NULL) : NULL;
    char *folder = choice->store ? strdup(choice->store) : real ? batch_store_folder(real, NULL) : NULL;
    free(real);
    if (folder && holds_store(folder))
        return add(list, folder, error);
    free(folder);
    return gpen_fail(error, GPEN_INPUT_MISSING, "no batch is known for %s",
                     choice->store ? choice->store : choice->out);
}

static int compare_folders(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static gpen_status add_all(store_list *list, gpen_error *error)
{
    char *state = folder_state(), *parent = state ? path_join(state, "enhance") : NULL;
    DIR *listing = parent ? opendir(parent) : NULL;
    gpen_status status = GPEN_OK;
    for (struct dirent *entry; !status && listing && (entry = readdir(listing));) {
        char *folder = entry->d_name[0] == '.' ? NULL : path_join(parent, entry->d_name);
        if (folder && holds_store(folder))
            status = add(list, folder, error);
        else
            free(folder);
    }
    if (listing)
        (void)closedir(listing);
    free(parent);
    free(state);
    if (list->count)
        qsort(list->folders, list->count, sizeof *list->folders, compare_folders);
    return status;
}

gpen_status store_list_find(store_list *list, const store_choice *choice, gpen_error *error)
{
    *list = (store_list){.count = 0};
    gpen_status status = choice->out || choice->store ? add_chosen(list, choice, error) : add_all(list, error);
    if (status)
        store_list_free(list);
    return status;
}

void store_list_free(store_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->folders[i]);
    free(list->folders);
    *list = (store_list){.count = 0};
}

gpen_status store_find_one(const store_choice *choice, char **folder, gpen_error *error)
{
    store_list list;
    *folder = NULL;
    gpen_status status = store_list_find(&list, choice, error);
    if (!status && !list.count)
        status = gpen_fail(error, GPEN_INPUT_MISSING, "there is no batch yet: 'gpen enhance' makes one");
    if (!status && list.count > 1)
        status = gpen_fail(
            error, GPEN_BAD_ARGUMENT,
            "there are batches of several output folders: say which with -o OUT ('gpen batch list' shows them)");
    if (!status) {
        *folder = list.folders[0];
        list.folders[0] = NULL;
    }
    store_list_free(&list);
    return status;
}

/* ---------------------------------------------------------------- words */

bool batch_number(const char *command, const char *word, int64_t *number)
{
    char *end;
    errno = 0;
    long long value = strtoll(word, &end, 10);
    *number = value;
    if (!errno && end != word && !*end && value > 0)
        return true;
    (void)complain_usage(command, "'%s' is no number: 'gpen batch list' shows them", word);
    return false;
}

int batch_arguments(const command_manual *manual, int argc, char **argv, int64_t *number)
{
    int operands;
    int status = options_parse(manual, argc, argv, &operands);
    if (status != CLI_GO_ON)
        return status;
    if (operands > 1)
        return complain_usage(manual->command, "one batch at a time");
    return operands && !batch_number(manual->command, argv[1], number) ? CLI_USAGE : CLI_GO_ON;
}

const char *batch_state_word(const store_batch *batch)
{
    bool chinese = text_language() == GPEN_CHINESE;
    if (batch->cleaning)
        return chinese ? "正在清理" : "being deleted";
    if (batch->cancelled)
        return chinese ? "已取消" : "cancelled";
    if (batch->ended)
        return chinese ? "已结束" : "ended";
    if (batch->paused)
        return chinese ? "已暂停" : "paused";
    return chinese ? "未完成" : "unfinished";
}

void batch_counts(const store_batch *batch, char *text, size_t capacity)
{
    static const char *const words[][STORE_STATES] = {
        [GPEN_ENGLISH] = {"waiting", "at work", "done", "failed", "cancelled"},
        [GPEN_CHINESE] = {"等待", "处理中", "完成", "失败", "已取消"},
    };
    static const store_state order[] = {STORE_DONE, STORE_FAILED, STORE_RUNNING, STORE_QUEUED, STORE_CANCELLED};
    bool chinese = text_language() == GPEN_CHINESE;
    size_t used = 0;
    *text = '\0';
    for (size_t i = 0; i < sizeof order / sizeof *order && used < capacity; i++) {
        long long count = (long long)batch->counts[order[i]];
        const char *word = words[text_language()][order[i]], *comma = used ? chinese ? "，" : ", " : "";
        if (count)
            used += (size_t)(chinese ? snprintf(text + used, capacity - used, "%s%s %lld", comma, word, count)
                                     : snprintf(text + used, capacity - used, "%s%lld %s", comma, count, word));
    }
    if (!used)
        snprintf(text, capacity, "%s", chinese ? "没有照片" : "no photo");
}

void batch_time(int64_t milliseconds, char *text, size_t capacity)
{
    time_t seconds = (time_t)(milliseconds / 1000);
    struct tm parts;
    if (!milliseconds || !localtime_r(&seconds, &parts) || !strftime(text, capacity, "%Y-%m-%d %H:%M", &parts))
        snprintf(text, capacity, "-");
}

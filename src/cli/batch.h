/* batch.h: what the commands below `gpen batch` share. Private to them. */
#ifndef GPEN_CLI_BATCH_H
#define GPEN_CLI_BATCH_H

#include <stddef.h>

#include "batch/store.h"
#include "cli/options.h"

int batch_list_command(int argc, char **argv);
int batch_show_command(int argc, char **argv);
int batch_retry_command(int argc, char **argv);
int batch_cancel_command(int argc, char **argv);
int batch_clean_command(int argc, char **argv);

/* Which store a command means (batch_stores.c). */
typedef struct store_choice {
    const char *out;   /* an output folder */
    const char *store; /* a store's own folder */
} store_choice;

/* The two options that say so, for a command's table. */
#define STORE_OPTIONS(choice)                                                                                          \
    {"which", "output", 'o', "OUT", "The batches of this output folder", .text = &(choice).out},                       \
    {                                                                                                                  \
        "which", "store", 0, "DIR", "Those that are kept in this folder, as a server's are", .text = &(choice).store   \
    }

/* Folders of stores. */
typedef struct store_list {
    char **folders;
    size_t count;
} store_list;

/* The store that was chosen, or all that `gpen enhance` keeps. Release with store_list_free. Errors: INPUT_MISSING (the chosen one is
 * not there), OUT_OF_MEMORY. */
gpen_status store_list_find(store_list *list, const store_choice *choice, gpen_error *error);
void store_list_free(store_list *list);

/* The one store that a command changes; the caller's (free). Errors: also BAD_ARGUMENT (there are several: say which). */
gpen_status store_find_one(const store_choice *choice, char **folder, gpen_error *error);

/* The number of a batch or an item that a person wrote. False: it is none, which was said. */
bool batch_number(const char *command, const char *word, int64_t *number);

/* The arguments of a command that takes one batch or none: its number, or *number as it was. Returns CLI_GO_ON, or the exit status. */
int batch_arguments(const command_manual *manual, int argc, char **argv, int64_t *number);

/* "done", "paused", "cancelled", "unfinished", "being deleted", in the person's language. */
const char *batch_state_word(const store_batch *batch);

/* "98 done, 2 failed, 1 waiting". */
void batch_counts(const store_batch *batch, char *text, size_t capacity);

/* "2026-05-04 10:11", local time; "-" for 0. */
void batch_time(int64_t milliseconds, char *text, size_t capacity);

#endif

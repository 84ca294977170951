/* photo_list.h: the photos that a command works through. Private to src/cli. */
#ifndef GPEN_CLI_PHOTO_LIST_H
#define GPEN_CLI_PHOTO_LIST_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

typedef struct photo_item {
    char *path;
    char *
        relative; /* where it stood beneath the folder that was named: "trip/day 1/a.jpg"; the bare name of a file that was */
    int problem; /* errno of a folder that cannot be read, which stands here as an item of its own; 0: a file */
} photo_item;

/* Which file it is, whatever path leads to it. */
typedef struct file_identity {
    dev_t device;
    ino_t number;
} file_identity;

typedef struct photo_list {
    photo_item *photos;
    size_t count, capacity;
    file_identity *identities; /* of the files that are there, sorted */
    size_t identity_count;
    size_t links_left_out; /* symbolic links to folders, which are not gone into */
} photo_list;

/* Finds the photos: files that were named, whatever they are called; of folders, and those in them, the files with a picture's
 * ending, in alphabetical order. Hidden files and folders and `excluded` (a folder, may be NULL or not exist) are left out.
 * Links to folders are not followed inside a folder, so the way is never round nor endless. Release with photo_list_free.
 * Errors: OUT_OF_MEMORY. What is missing or unreadable becomes an item, and fails when its turn comes. */
gpen_status photo_list_find(photo_list *list, char **inputs, int count, const char *excluded, gpen_error *error);
void photo_list_free(photo_list *list);

/* Is the file at `path` one of the photos? */
bool photo_list_has_file(const photo_list *list, const char *path);

/* The ending of a picture's name, with its dot ("photo.tar.JPG": ".JPG"); NULL when it has none that pictures have. */
const char *picture_ending(const char *name);

#endif

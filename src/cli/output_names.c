/* Names of results. Its own file because of its one promise: within a run no two photos ever have the same one. */
#include "cli/output_names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "cli/photo_list.h"

/* The names given so far, in a hash table whose size is a power of two and at least twice their number. Upper and lower case
 * count as the same, because they are on the file systems of Windows and macOS, where the folder may well be. */
struct output_names {
    char *folder;
    char **table;
    size_t size, count;
};

enum { FIRST_SIZE = 128 };

output_names *output_names_new(const char *folder)
{
    output_names *names = calloc(1, sizeof *names);
    if (!names)
        return NULL;
    names->size = FIRST_SIZE;
    names->folder = strdup(folder);
    names->table = calloc(names->size, sizeof *names->table);
    if (!names->folder || !names->table) {
        output_names_free(names);
        return NULL;
    }
    return names;
}

void output_names_free(output_names *names)
{
    if (!names)
        return;
    for (size_t i = 0; names->table && i < names->size; i++)
        free(names->table[i]);
    free(names->table);
    free(names->folder);
    free(names);
}

/* ---------------------------------------------------------------- the table */

static size_t hash(const char *name)
{
    uint64_t value = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (; *name; name++)
        value = (value ^ (unsigned char)tolower((unsigned char)*name)) * UINT64_C(0x100000001b3);
    return (size_t)(value ^ value >> 32);
}

/* Where the name stands in the table, or would. */
static size_t slot_of(char *const *table, size_t size, const char *name)
{
    size_t slot = hash(name) & (size - 1);
    while (table[slot] && strcasecmp(table[slot], name))
        slot = (slot + 1) & (size - 1);
    return slot;
}

static bool grow(output_names *names)
{
    size_t size = names->size * 2;
    char **table = calloc(size, sizeof *table);
    if (!table)
        return false;
    for (size_t i = 0; i < names->size; i++)
        if (names->table[i])
            table[slot_of(table, size, names->table[i])] = names->table[i];
    free(names->table);
    names->table = table;
    names->size = size;
    return true;
}

/* Takes over the name if no one has it. */
static bool take(output_names *names, char *name)
{
    size_t slot = slot_of(names->table, names->size, name);
    if (names->table[slot])
        return false;
    names->table[slot] = name;
    names->count++;
    return true;
}

/* ---------------------------------------------------------------- names */

/* relative, cut in two: how long the part before the ending is, and the ending the result has. */
static size_t split(const char *relative, picture_format format, const char **ending)
{
    size_t length = strlen(relative);
    const char *own = picture_ending(path_name(relative));
    picture_format by_name;
    bool fits = own && picture_format_of_name(relative, &by_name) && by_name == format;
    *ending = fits ? own : picture_format_ending(format);
    return own && own != path_name(relative) ? length - strlen(own) : length;
}

static char *numbered(const char *relative, size_t stem, const char *ending, int number)
{
    char *name = NULL;
    int printed = number > 1 ? asprintf(&name, "%.*s-%d%s", (int)stem, relative, number, ending)
                             : asprintf(&name, "%.*s%s", (int)stem, relative, ending);
    return printed < 0 ? NULL : name;
}

gpen_status output_names_next(output_names *names, const char *relative, picture_format format, char **path,
                              gpen_error *error)
{
    *path = NULL;
    const char *ending;
    size_t stem = split(relative, format, &ending);
    bool room = names->count * 2 < names->size || grow(names);
    for (int number = 1; room; number++) {
        char *name = numbered(relative, stem, ending, number);
        if (!name)
            break;
        if (!take(names, name)) {
            free(name);
            continue;
        }
        *path = path_join(names->folder, name);
        break;
    }
    return *path ? GPEN_OK : gpen_fail_memory(error, "a result's name", strlen(relative));
}

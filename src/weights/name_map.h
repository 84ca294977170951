/* name_map.h: from a name to its number, for finding tensors by name and for noticing a name that comes twice. */
#ifndef GPEN_WEIGHTS_NAME_MAP_H
#define GPEN_WEIGHTS_NAME_MAP_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed is empty. The names are the caller's and must live as long as the map. */
typedef struct name_map {
    struct name_slot *slots;
    size_t capacity, count; /* capacity: a power of two, or 0 */
} name_map;

typedef enum name_added { NAME_ADDED, NAME_PRESENT, NAME_NO_MEMORY } name_added;

enum { NAME_ABSENT = -1 };

name_added name_map_add(name_map *map, const char *name, size_t length, int64_t number);
int64_t name_map_find(const name_map *map, const char *name, size_t length); /* its number, or NAME_ABSENT */
void name_map_free(name_map *map);

#endif

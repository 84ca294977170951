/* A hash table with open addressing. Whole hashes are kept, so that most comparisons of names are saved. */
#include "weights/name_map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct name_slot {
    const char *name; /* NULL: free */
    size_t length;
    uint64_t hash;
    int64_t number;
};

/* FNV-1a, its bits then mixed once more, since the table looks at the lowest ones. */
static uint64_t hash_of(const char *name, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3u;
    return hash ^ hash >> 29;
}

/* The slot of that name, or the free one where it belongs. There is always a free one. */
static struct name_slot *slot_of(const name_map *map, const char *name, size_t length, uint64_t hash)
{
    size_t mask = map->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct name_slot *slot = &map->slots[i];
        if (!slot->name || (slot->hash == hash && slot->length == length && !memcmp(slot->name, name, length)))
            return slot;
    }
}

static bool grow(name_map *map)
{
    name_map larger = {.capacity = map->capacity ? map->capacity * 2 : 64, .count = map->count};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < map->capacity; i++) {
        const struct name_slot *old = &map->slots[i];
        if (old->name)
            *slot_of(&larger, old->name, old->length, old->hash) = *old;
    }
    free(map->slots);
    *map = larger;
    return true;
}

name_added name_map_add(name_map *map, const char *name, size_t length, int64_t number)
{
    if (map->count * 2 >= map->capacity && !grow(map))
        return NAME_NO_MEMORY;
    uint64_t hash = hash_of(name, length);
    struct name_slot *slot = slot_of(map, name, length, hash);
    if (slot->name)
        return NAME_PRESENT;
    *slot = (struct name_slot){.name = name, .length = length, .hash = hash, .number = number};
    map->count++;
    return NAME_ADDED;
}

int64_t name_map_find(const name_map *map, const char *name, size_t length)
{
    if (!map->capacity)
        return NAME_ABSENT;
    const struct name_slot *slot = slot_of(map, name, length, hash_of(name, length));
    return slot->name ? slot->number : NAME_ABSENT;
}

void name_map_free(name_map *map)
{
    free(map->slots);
    *map = (name_map){0};
}

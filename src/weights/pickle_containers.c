/* The tuples, lists and dicts that a pickle fills: they grow in its arena, and nest only so deep. */
#include <string.h>

#include "weights/pickle.h"

gpen_status pickle_fail_arena(const pickle *p)
{
    if (p->memory.no_memory)
        return gpen_fail_memory(p->error, "the list of tensors", p->length);
    return pickle_fail(p, "it describes far more than its size allows");
}

gpen_status pickle_container_new(pickle *p, pickle_kind kind, pickle_value *value)
{
    pickle_sequence *items = arena_take(&p->memory, sizeof *items);
    if (!items)
        return pickle_fail_arena(p);
    items->depth = 1;
    *value = (pickle_value){.kind = kind, .items = items};
    return GPEN_OK;
}

static bool is_container(const pickle_value *value)
{
    return value->kind == PICKLE_TUPLE || value->kind == PICKLE_LIST || value->kind == PICKLE_DICT;
}

gpen_status pickle_container_add(pickle *p, pickle_sequence *to, const pickle_value *value)
{
    if (is_container(value) && value->items->depth >= to->depth) {
        to->depth = value->items->depth + 1;
        if (to->depth > PICKLE_MAX_DEPTH)
            return pickle_fail(p, "nested deeper than %d", PICKLE_MAX_DEPTH);
    }
    if (to->count == to->capacity) {
        uint32_t capacity = to->capacity ? to->capacity * 2 : 4;
        pickle_value *values = arena_take(&p->memory, capacity * sizeof *values);
        if (!values)
            return pickle_fail_arena(p);
        if (to->count)
            memcpy(values, to->values, to->count * sizeof *values);
        to->values = values;
        to->capacity = capacity;
    }
    to->values[to->count++] = *value;
    return GPEN_OK;
}

bool pickle_text_is(const pickle_value *value, const char *text)
{
    return value->kind == PICKLE_TEXT && value->length == strlen(text) && !memcmp(value->text, text, value->length);
}

const pickle_value *pickle_dict_find(const pickle_value *dict, const char *key)
{
    for (uint32_t i = 0; i + 1 < dict->items->count; i += 2)
        if (pickle_text_is(&dict->items->values[i], key))
            return &dict->items->values[i + 1];
    return NULL;
}

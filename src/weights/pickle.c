/* The stack machine: instructions, stack, memo. Containers are pickle_containers.c's, what calls would make
 * pickle_rebuild.c's. */
#include "weights/pickle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights/pickle_opcodes.h"
#include "weights/utf8.h"

enum {
    MAX_BYTES = 8 << 20,    /* of one pickle; a restorer's has some 100 KB */
    MEMORY_PER_BYTE = 64,   /* of the values: more than any honest pickle needs */
    FREE_MEMORY = 64 << 10, /* ...and this much in any case */
};

gpen_status pickle_fail(const pickle *p, const char *format, ...)
{
    char text[320];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return gpen_fail(p->error, GPEN_MODEL_INVALID, "%s (near byte %zu of the pickle)", text, p->at);
}

/* ---------------------------------------------------------------- reading bytes */

static gpen_status take_bytes(pickle *p, size_t count, const uint8_t **bytes)
{
    *bytes = p->bytes + p->at;
    if (count > p->length - p->at)
        return pickle_fail(p, "it ends in the middle of an instruction");
    p->at += count;
    return GPEN_OK;
}

/* A little-endian number of 1 to 8 bytes without a sign. */
static gpen_status take_number(pickle *p, size_t bytes, uint64_t *number)
{
    const uint8_t *digits;
    gpen_status status = take_bytes(p, bytes, &digits);
    *number = 0;
    for (size_t i = bytes; !status && i > 0; i--)
        *number = *number << 8 | digits[i - 1];
    return status;
}

/* The text up to the next line feed, which is passed. */
static gpen_status take_line(pickle *p, const char **line, size_t *length)
{
    const uint8_t *start = p->bytes + p->at, *end = memchr(start, '\n', p->length - p->at);
    *line = (const char *)start;
    *length = 0;
    if (!end)
        return pickle_fail(p, "it ends in the middle of a name");
    *length = (size_t)(end - start);
    p->at += *length + 1;
    return GPEN_OK;
}

/* ---------------------------------------------------------------- stack and memo */

/* Makes room for `needed` values in an array that grows by doubling. */
static gpen_status make_room(pickle *p, pickle_value **values, size_t *capacity, size_t needed)
{
    if (needed <= *capacity)
        return GPEN_OK;
    size_t larger = needed * 2 + 64;
    pickle_value *grown = realloc(*values, larger * sizeof *grown);
    if (!grown)
        return gpen_fail_memory(p->error, "the list of tensors", larger * sizeof *grown);
    memset(grown + *capacity, 0, (larger - *capacity) * sizeof *grown);
    *values = grown;
    *capacity = larger;
    return GPEN_OK;
}

static gpen_status push(pickle *p, pickle_value value)
{
    gpen_status status = make_room(p, &p->stack, &p->stack_capacity, p->stack_count + 1);
    if (!status)
        p->stack[p->stack_count++] = value;
    return status;
}

/* Takes `count` values off the stack; *values points at them until the next push. */
static gpen_status pop(pickle *p, size_t count, const pickle_value **values)
{
    *values = NULL;
    if (p->stack_count < count)
        return pickle_fail(p, "an instruction lacks its operands");
    *values = p->stack + p->stack_count - count;
    for (size_t i = 0; i < count; i++)
        if ((*values)[i].kind == PICKLE_MARK)
            return pickle_fail(p, "an instruction lacks its operands");
    p->stack_count -= count;
    return GPEN_OK;
}

/* Takes everything above the last mark, and the mark. */
static gpen_status pop_marked(pickle *p, const pickle_value **values, size_t *count)
{
    size_t first = p->stack_count;
    *values = NULL;
    *count = 0;
    while (first > 0 && p->stack[first - 1].kind != PICKLE_MARK)
        first--;
    if (first == 0)
        return pickle_fail(p, "a mark is missing");
    *values = p->stack + first;
    *count = p->stack_count - first;
    p->stack_count = first - 1;
    p->marks--;
    return GPEN_OK;
}

/* The value on top, which stays there. */
static gpen_status top(pickle *p, pickle_kind kind, const char *wanted, pickle_value **value)
{
    *value = p->stack_count ? &p->stack[p->stack_count - 1] : NULL;
    return *value && (*value)->kind == kind ? GPEN_OK : pickle_fail(p, "%s", wanted);
}

static gpen_status push_mark(pickle *p)
{
    if (p->marks == PICKLE_MAX_DEPTH)
        return pickle_fail(p, "nested deeper than %d", PICKLE_MAX_DEPTH);
    p->marks++;
    return push(p, (pickle_value){.kind = PICKLE_MARK});
}

/* Memos are numbered one by one, so no honest number is larger than the bytes read so far. */
static gpen_status memo_put(pickle *p, size_t number_bytes)
{
    uint64_t number;
    gpen_status status = take_number(p, number_bytes, &number);
    if (status)
        return status;
    if (number > p->at || p->stack_count == 0 || p->stack[p->stack_count - 1].kind == PICKLE_MARK)
        return pickle_fail(p, "a memo number or its value is not possible");
    status = make_room(p, &p->memo, &p->memo_capacity, number + 1);
    if (!status)
        p->memo[number] = p->stack[p->stack_count - 1];
    return status;
}

static gpen_status memo_get(pickle *p, size_t number_bytes)
{
    uint64_t number;
    gpen_status status = take_number(p, number_bytes, &number);
    if (status)
        return status;
    if (number >= p->memo_capacity || p->memo[number].kind == PICKLE_MARK)
        return pickle_fail(p, "a memo number that was never given");
    return push(p, p->memo[number]);
}

/* ---------------------------------------------------------------- containers */

static gpen_status add_all(pickle *p, pickle_sequence *to, const pickle_value *values, size_t count)
{
    gpen_status status = GPEN_OK;
    for (size_t i = 0; i < count && !status; i++)
        status = pickle_container_add(p, to, &values[i]);
    return status;
}

static gpen_status push_empty(pickle *p, pickle_kind kind)
{
    pickle_value container;
    gpen_status status = pickle_container_new(p, kind, &container);
    return status ? status : push(p, container);
}

static gpen_status push_tuple(pickle *p, const pickle_value *values, size_t count)
{
    pickle_value tuple;
    gpen_status status = pickle_container_new(p, PICKLE_TUPLE, &tuple);
    if (!status)
        status = add_all(p, tuple.items, values, count);
    return status ? status : push(p, tuple);
}

static gpen_status make_tuple(pickle *p, size_t count)
{
    const pickle_value *values;
    gpen_status status = pop(p, count, &values);
    return status ? status : push_tuple(p, values, count);
}

static gpen_status make_marked_tuple(pickle *p)
{
    const pickle_value *values;
    size_t count;
    gpen_status status = pop_marked(p, &values, &count);
    return status ? status : push_tuple(p, values, count);
}

/* APPEND(S) and SETITEM(S): the values above go into the container below them. */
static gpen_status fill(pickle *p, pickle_kind kind, const pickle_value *values, size_t count)
{
    pickle_value *container;
    bool dict = kind == PICKLE_DICT;
    gpen_status status =
        top(p, kind, dict ? "SETITEM on something that is no dict" : "APPEND on something that is no list", &container);
    if (!status && dict && count % 2)
        status = pickle_fail(p, "a key without a value");
    return status ? status : add_all(p, container->items, values, count);
}

static gpen_status fill_one(pickle *p, pickle_kind kind)
{
    const pickle_value *values;
    size_t count = kind == PICKLE_DICT ? 2 : 1;
    gpen_status status = pop(p, count, &values);
    return status ? status : fill(p, kind, values, count);
}

static gpen_status fill_marked(pickle *p, pickle_kind kind)
{
    const pickle_value *values;
    size_t count;
    gpen_status status = pop_marked(p, &values, &count);
    return status ? status : fill(p, kind, values, count);
}

/* ---------------------------------------------------------------- scalars */

static gpen_status push_int(pickle *p, size_t bytes, bool is_signed)
{
    uint64_t number;
    gpen_status status = take_number(p, bytes, &number);
    int64_t integer = is_signed ? (int32_t)(uint32_t)number : (int64_t)number;
    return status ? status : push(p, (pickle_value){.kind = PICKLE_INT, .integer = integer});
}

/* LONG1: a length, then a number in two's complement. */
static gpen_status push_long(pickle *p)
{
    uint64_t count, number;
    gpen_status status = take_number(p, 1, &count);
    if (status)
        return status;
    if (count > 8) {
        const uint8_t *digits;
        status = take_bytes(p, (size_t)count, &digits);
        return status ? status : push(p, (pickle_value){.kind = PICKLE_NUMBER});
    }
    status = take_number(p, (size_t)count, &number);
    if (status)
        return status;
    if (count > 0 && count < 8 && number >> (8 * count - 1))
        number |= UINT64_MAX << (8 * count);
    return push(p, (pickle_value){.kind = PICKLE_INT, .integer = (int64_t)number});
}

static gpen_status push_float(pickle *p)
{
    const uint8_t *bytes;
    gpen_status status = take_bytes(p, 8, &bytes);
    return status ? status : push(p, (pickle_value){.kind = PICKLE_NUMBER});
}

static gpen_status push_text(pickle *p, size_t length_bytes)
{
    uint64_t length;
    const uint8_t *bytes;
    gpen_status status = take_number(p, length_bytes, &length);
    if (!status)
        status = take_bytes(p, (size_t)length, &bytes);
    if (status)
        return status;
    return push(p, (pickle_value){.kind = PICKLE_TEXT, .length = (uint32_t)length, .text = (const char *)bytes});
}

/* ---------------------------------------------------------------- what refers to the world outside */

static gpen_status push_global(pickle *p)
{
    const char *module, *name;
    size_t module_length, name_length;
    pickle_value global;
    gpen_status status = take_line(p, &module, &module_length);
    if (!status)
        status = take_line(p, &name, &name_length);
    if (!status)
        status = pickle_global_find(p, module, module_length, name, name_length, &global);
    return status ? status : push(p, global);
}

static gpen_status reduce(pickle *p)
{
    const pickle_value *operands; /* the global, its arguments */
    pickle_value made;
    gpen_status status = pop(p, 2, &operands);
    if (!status)
        status = pickle_reduce(p, &operands[0], &operands[1], &made);
    return status ? status : push(p, made);
}

static gpen_status push_persistent(pickle *p)
{
    const pickle_value *id;
    pickle_value storage;
    gpen_status status = pop(p, 1, &id);
    if (!status)
        status = pickle_persistent(p, id, &storage);
    return status ? status : push(p, storage);
}

/* BUILD gives an object its attributes. The only one that has any here is an OrderedDict, with the versions of the
 * layers in _metadata, which nobody needs. */
static gpen_status build(pickle *p)
{
    const pickle_value *state;
    pickle_value *object;
    gpen_status status = pop(p, 1, &state);
    if (!status && state->kind != PICKLE_DICT)
        return pickle_fail(p, "BUILD with something that is no dict");
    return status ? status : top(p, PICKLE_DICT, "BUILD on something that is no OrderedDict", &object);
}

static gpen_status check_protocol(pickle *p)
{
    uint64_t protocol;
    gpen_status status = take_number(p, 1, &protocol);
    if (!status && protocol != 2)
        return pickle_fail(p, "pickle protocol %d; only 2, torch.save's own, is read", (int)protocol);
    return status;
}

/* ---------------------------------------------------------------- the machine */

static gpen_status run(pickle *p, pickle_opcode opcode)
{
    switch (opcode) {
    case OP_PROTO: return check_protocol(p);
    case OP_MARK: return push_mark(p);
    case OP_GLOBAL: return push_global(p);
    case OP_REDUCE: return reduce(p);
    case OP_BUILD: return build(p);
    case OP_BINPERSID: return push_persistent(p);
    case OP_BINPUT: return memo_put(p, 1);
    case OP_LONG_BINPUT: return memo_put(p, 4);
    case OP_BINGET: return memo_get(p, 1);
    case OP_LONG_BINGET: return memo_get(p, 4);
    case OP_EMPTY_TUPLE: return push_empty(p, PICKLE_TUPLE);
    case OP_EMPTY_LIST: return push_empty(p, PICKLE_LIST);
    case OP_EMPTY_DICT: return push_empty(p, PICKLE_DICT);
    case OP_EMPTY_SET: return push(p, (pickle_value){.kind = PICKLE_SET});
    case OP_TUPLE: return make_marked_tuple(p);
    case OP_TUPLE1: return make_tuple(p, 1);
    case OP_TUPLE2: return make_tuple(p, 2);
    case OP_TUPLE3: return make_tuple(p, 3);
    case OP_APPEND: return fill_one(p, PICKLE_LIST);
    case OP_APPENDS: return fill_marked(p, PICKLE_LIST);
    case OP_SETITEM: return fill_one(p, PICKLE_DICT);
    case OP_SETITEMS: return fill_marked(p, PICKLE_DICT);
    case OP_BININT: return push_int(p, 4, true);
    case OP_BININT1: return push_int(p, 1, false);
    case OP_BININT2: return push_int(p, 2, false);
    case OP_LONG1: return push_long(p);
    case OP_BINFLOAT: return push_float(p);
    case OP_BINUNICODE: return push_text(p, 4);
    case OP_SHORT_BINSTRING: return push_text(p, 1);
    case OP_NONE: return push(p, (pickle_value){.kind = PICKLE_NONE});
    case OP_NEWTRUE: return push(p, (pickle_value){.kind = PICKLE_BOOL, .integer = 1});
    case OP_NEWFALSE: return push(p, (pickle_value){.kind = PICKLE_BOOL});
    case OP_STOP: break; /* is pickle_load's */
    }
    const char *name = pickle_opcode_name(opcode);
    if (name)
        return pickle_fail(p, "the instruction %s does not belong into a weights file", name);
    return pickle_fail(p, "an unknown instruction, 0x%02x", (unsigned)opcode);
}

gpen_status pickle_load(pickle *p, const uint8_t *bytes, size_t length, gpen_error *error)
{
    if (length > MAX_BYTES)
        length = MAX_BYTES;
    *p = (pickle){.bytes = bytes, .length = length, .error = error};
    p->memory.budget = length * MEMORY_PER_BYTE + FREE_MEMORY;
    for (;;) {
        const uint8_t *opcode;
        gpen_status status = take_bytes(p, 1, &opcode);
        if (!status && *opcode == OP_STOP)
            break;
        if (!status)
            status = run(p, (pickle_opcode)*opcode);
        if (status)
            return status;
    }
    const pickle_value *result;
    gpen_status status = pop(p, 1, &result);
    if (!status && p->stack_count)
        status = pickle_fail(p, "it leaves more than one value");
    if (!status)
        p->result = *result;
    return status;
}

void pickle_free(pickle *p)
{
    free(p->stack);
    free(p->memo);
    free(p->storages);
    name_map_free(&p->storage_keys);
    arena_free(&p->memory);
    *p = (pickle){0};
}

/* The form of a crash record in the pipe: what crash_watch.c writes and crash_record.c reads. Private to these two. */
#ifndef GPEN_BATCH_CRASH_ROOM_H
#define GPEN_BATCH_CRASH_ROOM_H

#include <stdint.h>

#define CRASH_MAGIC UINT32_C(0x47504352)

/* Then the trace, to the end. The same program writes and reads, so that the machine's own layout will do. */
typedef struct crash_head {
    uint32_t magic;
    int32_t signal, stage;
    uint8_t knows_item, out_of_memory;
    uint64_t item;
    int64_t resident_bytes;
} crash_head;

#endif

/* The pace of batches. */
#include "http/pace.h"

#include <stddef.h>

/* The newest photo counts for a fifth, so that one slow photo does not change what people are told too much. */
static const double newest_share = 0.2, pause = 60;

static pace *find(pace_table *table, int64_t batch)
{
    for (int i = 0; i < PACE_BATCHES; i++)
        if (table->rows[i].batch == batch)
            return &table->rows[i];
    return NULL;
}

static pace *oldest(pace_table *table)
{
    pace *found = &table->rows[0];
    for (int i = 1; i < PACE_BATCHES; i++)
        if (table->rows[i].last < found->last)
            found = &table->rows[i];
    return found;
}

void pace_begin(pace_table *table, int64_t batch, double now)
{
    pace *row = find(table, batch);
    if (!row) {
        row = oldest(table);
        *row = (pace){.batch = batch, .last = now};
    }
    /* It was paused, or others had their turn. */
    if (now - row->last > pause)
        row->last = now;
}

void pace_end(pace_table *table, int64_t batch, double now)
{
    pace *row = find(table, batch);
    if (!row)
        return;
    double seconds = now - row->last;
    row->seconds = row->seconds > 0 ? (1 - newest_share) * row->seconds + newest_share * seconds : seconds;
    row->last = now;
}

double pace_of(const pace_table *table, int64_t batch)
{
    for (int i = 0; i < PACE_BATCHES; i++)
        if (table->rows[i].batch == batch)
            return table->rows[i].seconds;
    return 0;
}

/* Looking up the closed list of reasons. */
#include "batch/reasons.h"

#include <string.h>

typedef struct reason_row {
    bool known, may_pass;
    const char *english, *chinese;
} reason_row;

static const reason_row rows[GPEN_STATUS_COUNT] = {
#define REASON_ROW(identifier, may_pass, english, chinese) [GPEN_##identifier] = {true, may_pass, english, chinese},
    REASON_LIST(REASON_ROW)
#undef REASON_ROW
};

bool reason_known(gpen_status reason)
{
    return (unsigned)reason < GPEN_STATUS_COUNT && rows[reason].known;
}

bool reason_may_pass(gpen_status reason)
{
    return reason_known(reason) && rows[reason].may_pass;
}

const char *reason_advice(gpen_status reason, gpen_language language)
{
    if (!reason_known(reason))
        return "";
    return language == GPEN_CHINESE ? rows[reason].chinese : rows[reason].english;
}

bool reason_find(const char *name, gpen_status *reason)
{
    for (int i = 0; i < GPEN_STATUS_COUNT; i++) {
        if (!rows[i].known || strcmp(gpen_status_name((gpen_status)i), name))
            continue;
        *reason = (gpen_status)i;
        return true;
    }
    return false;
}

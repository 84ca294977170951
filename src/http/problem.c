/* The list of problems, looked up. */
#include "http/problem.h"

static const problem_facts facts[HTTP_PROBLEMS] = {
#define HTTP_PROBLEM_ROW(identifier, name, status, title, english, chinese)                                            \
    [HTTP_##identifier] = {name, title, status, {english, chinese}},
    HTTP_PROBLEM_LIST(HTTP_PROBLEM_ROW)
#undef HTTP_PROBLEM_ROW
};

const problem_facts *problem_describe(http_problem problem)
{
    return &facts[problem];
}

http_problem problem_of_reason(gpen_status reason)
{
    switch (reason) {
    case GPEN_BAD_ARGUMENT:
    case GPEN_MODEL_INVALID:
    case GPEN_UNREADABLE:
    case GPEN_UNSUPPORTED_FORMAT: return HTTP_BAD_VALUE;
    case GPEN_INPUT_MISSING:
    case GPEN_MODEL_MISSING: return HTTP_NOT_FOUND;
    case GPEN_TOO_LARGE: return HTTP_TOO_MUCH;
    case GPEN_EXISTS:
    case GPEN_IN_USE: return HTTP_CONFLICT;
    case GPEN_DISK_FULL: return HTTP_FULL;
    case GPEN_CANCELLED:
    case GPEN_OUT_OF_MEMORY: return HTTP_BUSY;
    default: return HTTP_BROKEN;
    }
}

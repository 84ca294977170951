/* What a request says: headers and arguments. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "http/room.h"

const char *request_header(const http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *request_argument(const http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

bool request_number(http_request *request, const char *name, int64_t low, int64_t high, int64_t *value)
{
    const char *text = request_argument(request, name);
    char *end;
    if (!text)
        return true;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && number >= low && number <= high) {
        *value = number;
        return true;
    }
    answer_problem(request, HTTP_BAD_VALUE, "%s is a whole number from %" PRId64 " to %" PRId64, name, low, high);
    return false;
}

/* Who comes in. Its own file because each line of it keeps someone out; docs/SECURITY.md names the attacks. */
#include "http/gate.h"

#include <string.h>
#include <strings.h>

#include "http/cookie.h"
#include "http/server.h"

/* What matters of all headers at once. */
typedef struct head_facts {
    int lengths, encodings, hosts;
} head_facts;

static enum MHD_Result note_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    head_facts *facts = context;
    (void)kind;
    (void)value;
    facts->lengths += !strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH);
    facts->encodings += !strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    facts->hosts += !strcasecmp(name, MHD_HTTP_HEADER_HOST);
    return MHD_YES;
}

/* A body whose end two programs may see at different places lets one request hide in another. */
static bool frame_is_clear(http_request *request)
{
    head_facts facts = {0};
    (void)MHD_get_connection_values(request->connection, MHD_HEADER_KIND, note_header, &facts);
    if (facts.lengths + facts.encodings > 1) {
        answer_problem(request, HTTP_MALFORMED, "the length of the body is given twice");
        return false;
    }
    const char *length = request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (length && (!*length || length[strspn(length, "0123456789")])) {
        answer_problem(request, HTTP_MALFORMED, "Content-Length is no number");
        return false;
    }
    const char *encoding = request_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    if (encoding && strcasecmp(encoding, "chunked") != 0) {
        answer_problem(request, HTTP_MALFORMED, "Transfer-Encoding can only be chunked");
        return false;
    }
    if (facts.hosts != 1) {
        answer_problem(request, HTTP_MALFORMED, "there must be one Host");
        return false;
    }
    return true;
}

static bool is_our_name(const http_server *server, const char *host)
{
    if (host_is_loopback(host) || !strcasecmp(host, server->options.host))
        return true;
    for (const char *const *name = server->options.names; name && *name; name++)
        if (!strcasecmp(*name, host))
            return true;
    return false;
}

/* With a token a stranger's name for this machine is harmless, since no cookie goes with it: names are only checked where there is
 * none, or where the operator listed them. */
static bool host_is_ours(http_request *request)
{
    const http_server *server = request->server;
    authority parts;
    if (!authority_parse(request_header(request, MHD_HTTP_HEADER_HOST), &parts)) {
        answer_problem(request, HTTP_MALFORMED, "Host makes no sense");
        return false;
    }
    if ((!*server->secret.token || server->options.names) && !is_our_name(server, parts.host)) {
        answer_problem(request, HTTP_FOREIGN, "Host is no name of this server: see --allow-host");
        return false;
    }
    return true;
}

static bool origin_is_ours(http_request *request)
{
    const char *origin = request_header(request, MHD_HTTP_HEADER_ORIGIN);
    const char *site = request_header(request, "Sec-Fetch-Site");
    bool reads = !strcmp(request->method, MHD_HTTP_METHOD_GET) || !strcmp(request->method, MHD_HTTP_METHOD_HEAD);
    if (origin && !origin_is_host(origin, request_header(request, MHD_HTTP_HEADER_HOST))) {
        answer_problem(request, HTTP_FOREIGN, "Origin is another site");
        return false;
    }
    /* What a link from elsewhere may do is to open the page. */
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0 &&
        !(reads && request->route && request->route->open)) {
        answer_problem(request, HTTP_FOREIGN, "it was sent by another site's page");
        return false;
    }
    return true;
}

static bool has_token(http_request *request)
{
    static const char scheme[] = "Bearer ";
    const secret *known = &request->server->secret;
    const char *authorization = request_header(request, MHD_HTTP_HEADER_AUTHORIZATION);
    char cookie[SECRET_COOKIE_LENGTH + 1];
    if (!*known->token || (request->route && request->route->open))
        return true;
    if (authorization && !strncasecmp(authorization, scheme, sizeof scheme - 1) &&
        secret_is_token(known, authorization + sizeof scheme - 1))
        return true;
    if (cookie_find(request_header(request, MHD_HTTP_HEADER_COOKIE), SECRET_COOKIE, cookie, sizeof cookie) &&
        secret_is_cookie(known, cookie))
        return true;
    answer_problem(request, HTTP_NO_TOKEN, NULL);
    return false;
}

bool gate_admit(http_request *request)
{
    return frame_is_clear(request) && host_is_ours(request) && origin_is_ours(request) && has_token(request);
}

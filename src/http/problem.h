/* problem.h: what can be wrong with a request, in words. The list makes the enum, the names and the sentences. */
#ifndef GPEN_HTTP_PROBLEM_H
#define GPEN_HTTP_PROBLEM_H

#include <gpen.h>

/* X(IDENTIFIER, name, HTTP status, title, English, Chinese) */
#define HTTP_PROBLEM_LIST(X)                                                                                           \
    X(MALFORMED, "malformed", 400, "Malformed request", "The request makes no sense.", "请求格式有误。")               \
    X(BAD_VALUE, "bad_value", 422, "A value cannot be used", "A value of the request cannot be used.",                 \
      "请求中的某个值无效。")                                                                                          \
    X(NO_TOKEN, "no_token", 401, "Not logged in", "Log in with the token first.", "请先用令牌登录。")                  \
    X(FOREIGN, "foreign", 403, "Not from here", "The request comes from another site, or is meant for another.",       \
      "请求来自其他网站，或目标不是本服务。")                                                                          \
    X(NOT_ALLOWED, "not_allowed", 403, "Not allowed", "The operator of this server did not allow that.",               \
      "服务器管理员未允许此操作。")                                                                                    \
    X(NOT_FOUND, "not_found", 404, "Not there", "There is no such thing here.", "没有找到所请求的内容。")              \
    X(WRONG_METHOD, "wrong_method", 405, "Wrong method", "That cannot be done with this address.",                     \
      "该地址不支持这种操作。")                                                                                        \
    X(CONFLICT, "conflict", 409, "Not as things stand", "That cannot be done as things stand.",                        \
      "当前状态下无法执行此操作。")                                                                                    \
    X(TOO_MUCH, "too_much", 413, "Too large", "The request is larger than this server allows.",                        \
      "请求超过了服务器允许的大小。")                                                                                  \
    X(WRONG_TYPE, "wrong_type", 415, "Wrong kind of body", "The request's body is of another kind than expected.",     \
      "请求正文的类型不符。")                                                                                          \
    X(NO_SUCH_RANGE, "no_such_range", 416, "Nothing in that range", "The file has nothing in the range asked for.",    \
      "文件中没有所请求的范围。")                                                                                      \
    X(LICENSE, "license", 409, "Licence not accepted", "The model's licence has to be accepted first.",                \
      "请先接受模型的许可。")                                                                                          \
    X(BUSY, "busy", 503, "Busy", "The server is busy with other requests; try again in a moment.",                     \
      "服务器正忙，请稍后再试。")                                                                                      \
    X(UNABLE, "unable", 501, "Not in this version", "This version of the program cannot do that.",                     \
      "此版本的程序不支持该功能。")                                                                                    \
    X(BROKEN, "broken", 500, "The server failed", "Something went wrong in the server.", "服务器内部出错。")           \
    X(FULL, "full", 507, "No room", "There is no room on the server's disk.", "服务器磁盘空间不足。")                  \
    X(NO_SPACE, "no_space", 507, "No space for more photos",                                                           \
      "The space for photos on this server is used up. Forget batches whose results you have saved (Batch, Make "      \
      "room), or allow more space under Models.",                                                                      \
      "服务器上存放照片的空间已用完。请删除结果已保存的批次（“批量处理”页的“腾出空间”），或在“模型设置”中增加空间。")

typedef enum http_problem {
#define HTTP_PROBLEM_ENUM(identifier, name, status, title, english, chinese) HTTP_##identifier,
    HTTP_PROBLEM_LIST(HTTP_PROBLEM_ENUM)
#undef HTTP_PROBLEM_ENUM
        HTTP_PROBLEMS
} http_problem;

typedef struct problem_facts {
    const char *name, *title;
    unsigned status;
    const char *sentence[2]; /* by language */
} problem_facts;

/* Static. */
const problem_facts *problem_describe(http_problem problem);

/* The problem that a reason of the floors below is to whoever asked. */
http_problem problem_of_reason(gpen_status reason);

#endif

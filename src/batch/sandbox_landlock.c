/* Landlock: which files can be opened. Its own file because it speaks to the kernel by system calls that no library has; the
 * numbers below are the kernel's interface (linux/landlock.h), written out so that old headers will do. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "batch/sandbox.h"

#ifdef __linux__

/* The same on every architecture. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446, ASK_VERSION = 1, PATH_BENEATH = 1 };

#define ACCESS_READ_FILE (UINT64_C(1) << 2)

/* Writing, reading, listing, removing, making and cutting off files. */
#define ACCESS_FOLDER                                                                                                  \
    (UINT64_C(1) << 1 | ACCESS_READ_FILE | UINT64_C(1) << 3 | UINT64_C(1) << 5 | UINT64_C(1) << 8 | UINT64_C(1) << 14)

typedef struct ruleset {
    uint64_t files, network, scoped;
} ruleset;

typedef struct __attribute__((packed)) path_rule {
    uint64_t allowed;
    int32_t parent;
} path_rule;

int sandbox_landlock_version(void)
{
    long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
    return version > 0 ? (int)version : 0;
}

/* Everything that the kernel's version can forbid. */
static ruleset all_rights(int version, size_t *size)
{
    static const int file_rights[] = {0, 13, 14, 15, 15, 16}; /* by version; then 16 */
    int rights = version < 5 ? file_rights[version] : 16;
    *size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    return (ruleset){.files = (UINT64_C(1) << rights) - 1, .network = 3, .scoped = 3};
}

static int allow(int rules, const char *path, uint64_t rights)
{
    int file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0)
        return 0; /* opening it will say why */
    const path_rule rule = {.allowed = rights, .parent = file};
    int failed = syscall(ADD_RULE, rules, PATH_BENEATH, &rule, 0) ? -1 : 0;
    close(file);
    return failed;
}

gpen_status landlock_enter(const char *const *files, const char *folder, bool *done, gpen_error *error)
{
    size_t size;
    int version = sandbox_landlock_version();
    *done = false;
    if (!version)
        return GPEN_OK;
    const ruleset wanted = all_rights(version, &size);
    int rules = (int)syscall(CREATE_RULESET, &wanted, size, 0);
    int failed = rules < 0 ? -1 : 0;
    for (; !failed && *files; files++)
        failed = allow(rules, *files, ACCESS_READ_FILE);
    if (!failed && folder)
        failed = allow(rules, folder, ACCESS_FOLDER & wanted.files);
    if (!failed)
        failed = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(RESTRICT_SELF, rules, 0);
    int reason = errno;
    if (rules >= 0)
        close(rules);
    *done = !failed;
    return failed ? gpen_fail(error, GPEN_BAD_ARGUMENT, "Landlock: %s", strerror(reason)) : GPEN_OK;
}

#else

int sandbox_landlock_version(void)
{
    return 0;
}

gpen_status landlock_enter(const char *const *files, const char *folder, bool *done, gpen_error *error)
{
    (void)files, (void)folder, (void)error;
    *done = false;
    return GPEN_OK;
}

#endif

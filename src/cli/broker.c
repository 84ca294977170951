/* Where a queue is. Its own file because workers and the server are told alike, and a secret must not be seen by others. */
#include "cli/broker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"

/* The first line of a file. 0: done. */
static int read_secret(const char *path, char secret[BROKER_MOST_SECRET])
{
    FILE *file = fopen(path, "re");
    bool read = file && fgets(secret, BROKER_MOST_SECRET, file);
    if (file)
        (void)fclose(file);
    if (!read)
        return complain("%s: no password can be read from it%s%s", path, file ? "" : ": ", file ? "" : strerror(errno));
    secret[strcspn(secret, "\r\n")] = '\0';
    return 0;
}

static bool has_password(const char *address)
{
    const char *place = address ? strstr(address, "://") : NULL;
    const char *at = place ? strrchr(place, '@') : NULL;
    const char *colon = place ? strchr(place + 3, ':') : NULL;
    return at && colon && colon < at;
}

int broker_choose(const char *command, const char *address, const char *results, const char *password_file,
                  broker_choice *choice)
{
    const char *password = getenv("GPEN_BROKER_PASSWORD");
    if (has_password(address) || has_password(results))
        return complain_usage(command, "a password on the command line can be seen by others: put it into a file "
                                       "(--password-file) or into GPEN_BROKER_PASSWORD");
    choice->address = address ? address : getenv("GPEN_BROKER");
    choice->password = password && *password ? password : NULL;
    if (!choice->address || !*choice->address)
        return complain_usage(command, "say where the queue is: --broker redis://HOST:6379/0");
    if (!password_file)
        return CLI_GO_ON;
    choice->password = choice->secret;
    int status = read_secret(password_file, choice->secret);
    return status ? status : CLI_GO_ON;
}

/* broker.h: where a queue is and the password for it, as commands are told. */
#ifndef GPEN_CLI_BROKER_H
#define GPEN_CLI_BROKER_H

enum { BROKER_MOST_SECRET = 4096 };

typedef struct broker_choice {
    const char *address, *password; /* password NULL: none */
    char secret[BROKER_MOST_SECRET];
} broker_choice;

/* address and results (either may be NULL) as the arguments have them, in which no password may stand; it comes from the file, or from
 * GPEN_BROKER_PASSWORD. CLI_GO_ON, or an exit status when that was said. */
int broker_choose(const char *command, const char *address, const char *results, const char *password_file,
                  broker_choice *choice);

#endif

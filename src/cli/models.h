/* models.h: the commands below `gpen models`. Private to them. */
#ifndef GPEN_CLI_MODELS_H
#define GPEN_CLI_MODELS_H

int models_list_command(int argc, char **argv);
int models_import_command(int argc, char **argv);
int models_pull_command(int argc, char **argv);
int models_verify_command(int argc, char **argv);

/* "NAME (restorer of 512 px, 71.0 million parameters)" of an installed model, to standard output. */
void models_print_facts(const char *name);

#endif

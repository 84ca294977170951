/* models.h: the commands below `gpen models`. Private to them. */
#ifndef GPEN_CLI_MODELS_H
#define GPEN_CLI_MODELS_H

int models_list_command(int argc, char **argv);
int models_import_command(int argc, char **argv);
int models_verify_command(int argc, char **argv);

#endif

/* Where models are: the folder of the installed ones, and the one of those that came with the program. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weights/assets_path.h"
#include "weights/private.h"
#include "weights/utf8.h"

/* Bytes: NAME.safetensors and its temporary file must be names that a file system takes. */
enum { MAX_MODEL_NAME = 200 };

bool model_name_valid(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > MAX_MODEL_NAME || *name == '.' || !utf8_valid(name, length))
        return false;
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F || *p == '/' || *p == '\\')
            return false;
    return true;
}

gpen_status models_folder(char **path, gpen_error *error)
{
    char *data = folder_data();
    *path = data ? path_join(data, "models") : NULL;
    free(data);
    if (!*path)
        return gpen_fail(error, GPEN_MODEL_MISSING,
                         "no folder for models is known: neither GPEN_HOME nor XDG_DATA_HOME nor HOME is set");
    return GPEN_OK;
}

/* The folder at `relative` from the program's, if it is there. */
static char *beside_program(const char *relative)
{
    char *program = path_of_program();
    char *folder = program ? path_folder(program) : NULL;
    char *path = folder ? path_join(folder, relative) : NULL;
    char *found = path && path_is_folder(path) ? realpath(path, NULL) : NULL;
    free(path);
    free(folder);
    free(program);
    return found;
}

/* $GPEN_ASSETS; or the source tree, when the program runs from its build folder; or share/gpen beside an installation
 * that was moved as a whole; or where `meson install` puts it. */
gpen_status assets_folder(char **path, gpen_error *error)
{
    const char *chosen = getenv("GPEN_ASSETS");
    if (chosen && *chosen) {
        *path = strdup(chosen);
    } else {
        *path = beside_program("../assets/weights");
        if (!*path)
            *path = beside_program("../share/gpen/weights");
        if (!*path)
            *path = strdup(GPEN_ASSETS_DIR);
    }
    return *path ? GPEN_OK : gpen_fail_memory(error, "a path", 0);
}

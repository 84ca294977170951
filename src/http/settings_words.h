/* settings_words.h: what the settings do, for people. */
#ifndef GPEN_HTTP_SETTINGS_WORDS_H
#define GPEN_HTTP_SETTINGS_WORDS_H

#include <gpen.h>

/* A sentence about the setting of this name; "" when there is none. Static. */
const char *setting_words(const char *name, gpen_language language);

#endif

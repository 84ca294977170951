/* language.h: the language that a request is answered in. */
#ifndef GPEN_HTTP_LANGUAGE_H
#define GPEN_HTTP_LANGUAGE_H

#include <gpen.h>

/* asked: the argument `lang` ("en", "zh"), or NULL; accepted: the value of Accept-Language, or NULL. English where nothing fits. */
gpen_language language_choose(const char *asked, const char *accepted);

#endif

/* describe.h: what can be said about pictures without decoding one. Belongs to the face of src/image. */
#ifndef GPEN_IMAGE_DESCRIBE_H
#define GPEN_IMAGE_DESCRIBE_H

#include "image/image.h"

/* The format of a file by its first bytes; false when it cannot be read or is none that picture_load reads. */
bool picture_format_of_file(const char *path, picture_format *format);

/* Writes the library's name and version: "libvips 8.14.1". */
void pictures_library(char *text, size_t capacity);

typedef struct picture_format_facts {
    const char *name; /* "JPEG". Static */
    bool read, write;
} picture_format_facts;

/* What this machine's library does with the format at `index`, 0 and up; false past the last. After pictures_begin. */
bool pictures_format(int index, picture_format_facts *facts);

#endif

/* Starting and ending libvips, once a process. Its own file because it is the only place that changes libvips'
 * settings: which loaders may run, how many threads, no cache. */
#include "image/picture_room.h"

#include <vips/vector.h>

/* Every loader is shut, then those that are fuzzed and wanted are opened. formats.c never picks another; this holds
 * even if it did, and for pictures inside pictures. */
static void allow_known_loaders(void)
{
    static const char *const allowed[] = {"VipsForeignLoadJpeg", "VipsForeignLoadPng",   "VipsForeignLoadWebp",
                                          "VipsForeignLoadTiff", "VipsForeignLoadNsgif", "VipsForeignLoadHeif"};
    vips_operation_block_set("VipsForeignLoad", TRUE);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        vips_operation_block_set(allowed[i], FALSE);
}

gpen_status pictures_begin(const char *program, gpen_error *error)
{
    if (vips_init(program))
        return gpen_fail(error, GPEN_UNSUPPORTED_FORMAT, "libvips, which reads and writes pictures, does not start");
    turn_hear_warnings();
    allow_known_loaders();
    vips_cache_set_max(0);
    vips_concurrency_set(1);
    vips_vector_set_enabled(FALSE); /* code made while it runs: other rounding, and a sandbox forbids it */
    return GPEN_OK;
}

/* GLib ends the process where it gets no memory; who wants to know hears of it first. */
static void hear_the_end(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer out_of_memory)
{
    (void)domain, (void)level;
    if (strstr(message, "allocate"))
        (*(pictures_exhausted *const *)out_of_memory)();
}

/* HEIF's decoders are libraries of their own, loaded when the first such file is opened, whatever is in it. */
static void load_decoders(void)
{
    static const unsigned char no_picture[] = "\0\0\0\x18"
                                              "ftypavif\0\0\0\0avifmif1";
    VipsImage *image = NULL;
    if (vips_type_find("VipsOperation", "heifload_buffer") &&
        !vips_heifload_buffer((void *)(uintptr_t)no_picture, sizeof no_picture - 1, &image, NULL))
        g_object_unref(image);
    vips_error_clear();
}

void pictures_warm_up(pictures_exhausted *const *out_of_memory)
{
    g_log_set_handler("GLib", (GLogLevelFlags)(G_LOG_LEVEL_ERROR | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION),
                      hear_the_end, (gpointer)(uintptr_t)out_of_memory);
    load_decoders();
}

void pictures_end(void)
{
    vips_shutdown();
}

/* Starting and ending libvips, once a process. Its own file because it is the only place that changes libvips'
 * settings: which loaders may run, how many threads, no cache. */
#include "image/picture_room.h"

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
    return GPEN_OK;
}

void pictures_end(void)
{
    vips_shutdown();
}

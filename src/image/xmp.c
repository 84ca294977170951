/* XMP packets: is the XML whole, and the orientation some programs write there. Its own file because libvips passes XMP
 * through unread. */
#include <glib.h>
#include <string.h>

#include "image/picture_room.h"

static size_t without_padding(const char *text, size_t length)
{
    while (length && (text[length - 1] == '\0' || g_ascii_isspace(text[length - 1])))
        length--;
    return length;
}

block_state xmp_examine(const char *text, size_t length)
{
    length = without_padding(text, length);
    if (!length || length > G_MAXSSIZE)
        return BLOCK_BROKEN;
    static const GMarkupParser nothing = {0};
    GMarkupParseContext *context = g_markup_parse_context_new(&nothing, 0, NULL, NULL);
    bool whole = g_markup_parse_context_parse(context, text, (gssize)length, NULL) &&
                 g_markup_parse_context_end_parse(context, NULL);
    g_markup_parse_context_free(context);
    return whole ? BLOCK_GOOD : BLOCK_BROKEN;
}

/* tiff:Orientation="6" or <tiff:Orientation>6</tiff:Orientation>: the one digit becomes a 1 in place. */
void xmp_make_upright(char *text, size_t length)
{
    static const char tag[] = "tiff:Orientation";
    char *end = text + length;
    for (char *p = text; (p = memmem(p, (size_t)(end - p), tag, sizeof tag - 1));) {
        p += sizeof tag - 1;
        char *digit = p;
        while (digit < end && digit - p < 4 && (*digit == '=' || *digit == '"' || *digit == '\'' || *digit == '>'))
            digit++;
        if (digit > p && digit < end && *digit >= '1' && *digit <= '8')
            *digit = '1';
    }
}

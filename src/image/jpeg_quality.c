/* How much a JPEG file was compressed, from its quantisation tables, which libvips does not tell. Its own file because it walks
 * through the file's segments, whose lengths are anybody's. Source: ITU-T T.81 (JPEG), Annex B (segments) and K.1 (the tables that
 * the usual quality scale multiplies). */
#include <unistd.h>

#include "image/picture_room.h"

enum {
    COEFFICIENTS = 64,
    MOST_SEGMENTS = 200, /* before the first scan: metadata may be split into many */
    MARKER_START = 0xD8,
    MARKER_SCAN = 0xDA,
    MARKER_TABLES = 0xDB,
    MOST_TABLES = 4 * (1 + 2 * COEFFICIENTS),
};

/* Annex K.1's luminance table sums to this; each quality multiplies it by a factor. */
static const double usual_sum = 3688;

/* Sum of table 0's entries in a segment of tables; 0: not in there. */
static double luminance_sum(const unsigned char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        int wide = bytes[at] >> 4 != 0, table = bytes[at] & 15;
        size_t needed = 1 + (size_t)COEFFICIENTS * (wide ? 2 : 1);
        if (length - at < needed)
            return 0;
        double sum = 0;
        for (size_t i = 1; i < needed; i++)
            sum += wide && i % 2 ? 256.0 * bytes[at + i] : bytes[at + i];
        if (table == 0)
            return sum;
        at += needed;
    }
    return 0;
}

/* The usual scale backwards: 50 is the standard's own table, 100 no quantisation, 1 fifty times the table. */
static int quality_of(double sum)
{
    double factor = 100 * sum / usual_sum, quality = factor < 100 ? (200 - factor) / 2 : 5000 / factor;
    return quality < 1 ? 1 : quality > 100 ? 100 : (int)(quality + 0.5);
}

int jpeg_quality(int descriptor)
{
    unsigned char bytes[MOST_TABLES];
    off_t at = 0;
    if (pread(descriptor, bytes, 2, at) != 2 || bytes[0] != 0xFF || bytes[1] != MARKER_START)
        return 0;
    at = 2;
    for (int i = 0; i < MOST_SEGMENTS; i++) {
        if (pread(descriptor, bytes, 4, at) != 4 || bytes[0] != 0xFF || bytes[1] == MARKER_SCAN)
            return 0;
        if (bytes[1] == 0xFF) { /* a fill byte */
            at++;
            continue;
        }
        size_t length = (size_t)bytes[2] << 8 | bytes[3];
        if (length < 2)
            return 0;
        if (bytes[1] == MARKER_TABLES) {
            size_t wanted = length - 2 < sizeof bytes ? length - 2 : sizeof bytes;
            ssize_t got = pread(descriptor, bytes, wanted, at + 4);
            double sum = got > 0 ? luminance_sum(bytes, (size_t)got) : 0;
            if (sum > 0)
                return quality_of(sum);
        }
        at += (off_t)length + 2;
    }
    return 0;
}

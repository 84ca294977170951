/* The receipt: what was done to a photo, as properties in its XMP packet. Its own file because it takes a foreign packet
 * apart, leaves all in it as it is but an older receipt, and puts the new one in.
 *
 * A packet is XML: <x:xmpmeta> around <rdf:RDF> around descriptions, whose attributes and child elements are the
 * properties. Other programs may have moved our properties into descriptions of theirs, so an older receipt is taken out
 * property by property, and a description only when nothing is left in it. */
#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "image/picture_room.h"

#define RDF_NAMESPACE "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

static const char packet_start[] =
    "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n<rdf:RDF xmlns:rdf=\"" RDF_NAMESPACE "\">\n";
static const char packet_end[] = "</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>";

/* ---------------------------------------------------------------- the new receipt */

bool receipt_is_sound(const picture_receipt *receipt)
{
    if (receipt->count < 0 || (receipt->count && !receipt->lines))
        return false;
    for (int i = 0; i < receipt->count; i++) {
        const picture_receipt_line *line = &receipt->lines[i];
        if (!line->key || !line->value || !g_ascii_isalpha(*line->key))
            return false;
        for (const char *p = line->key; *p; p++)
            if (!g_ascii_isalnum(*p))
                return false;
    }
    return true;
}

static bool xml_holds(gunichar c)
{
    return c >= 0x20 && (c < 0x7F || c > 0x9F) && (c & 0xFFFE) != 0xFFFE;
}

static void append_text(GString *out, const char *text)
{
    char *valid = g_utf8_make_valid(text, -1);
    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
            g_string_append_printf(out, "&#%d;", (int)c);
        else if (xml_holds(c))
            g_string_append_unichar(out, c);
    }
    g_free(valid);
}

static void append_description(GString *out, const picture_receipt *receipt)
{
    g_string_append(out, "<rdf:Description rdf:about=\"\" xmlns:rdf=\"" RDF_NAMESPACE
                         "\" xmlns:gpen=\"urn:gpen:receipt/1.0/\" "
                         "xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\">\n"
                         "<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/"
                         "compositeWithTrainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>\n");
    for (int i = 0; i < receipt->count; i++) {
        const char *key = receipt->lines[i].key;
        g_string_append_printf(out, "<gpen:%s>", key);
        append_text(out, receipt->lines[i].value);
        g_string_append_printf(out, "</gpen:%s>\n", key);
    }
    g_string_append(out, "</rdf:Description>");
}

/* ---------------------------------------------------------------- the packet that is there */

typedef struct name {
    const char *text;
    size_t length;
} name;

typedef struct merging {
    const picture_receipt *receipt;
    GString *out;
    int depth;          /* of open elements */
    int rdf_depth;      /* where <rdf:RDF> stands; 0: not in it */
    bool merged;        /* the receipt is in */
    int dropping;       /* depth of the property that is being left out; 0: none */
    gsize described_at; /* where the description in work begins in out */
    bool others;        /* it holds something that is not ours */
    bool dropped;       /* something of ours was left out of it */
} merging;

static bool name_is(name n, const char *word)
{
    return n.length == strlen(word) && !memcmp(n.text, word, n.length);
}

static bool begins_with(name n, const char *word)
{
    return n.length >= strlen(word) && !memcmp(n.text, word, strlen(word));
}

static name local_part(name n)
{
    const char *colon = memchr(n.text, ':', n.length);
    return colon ? (name){colon + 1, n.length - (size_t)(colon + 1 - n.text)} : n;
}

static bool is_ours(name n)
{
    return begins_with(n, "gpen:") || name_is(local_part(n), "DigitalSourceType");
}

/* What a description may have without saying anything. */
static bool says_nothing(name n)
{
    return begins_with(n, "xmlns") || name_is(local_part(n), "about");
}

static bool is_space(char c)
{
    return g_ascii_isspace(c);
}

static name read_name(const char *p, const char *end)
{
    const char *start = p;
    while (p < end && !is_space(*p) && *p != '=' && *p != '/' && *p != '>')
        p++;
    return (name){start, (size_t)(p - start)};
}

/* Copies the attributes of a description but ours; from behind the tag's name to before its end. False: this is no list
 * of attributes. */
static bool copy_attributes(merging *job, const char *p, const char *end)
{
    while (p < end) {
        const char *start = p;
        while (p < end && is_space(*p))
            p++;
        if (p == end) {
            g_string_append_len(job->out, start, p - start);
            break;
        }
        name attribute = read_name(p, end);
        p = attribute.text + attribute.length;
        while (p < end && (is_space(*p) || *p == '='))
            p++;
        const char *close = p < end && (*p == '"' || *p == '\'') ? memchr(p + 1, *p, (size_t)(end - p - 1)) : NULL;
        if (!attribute.length || !close)
            return false;
        p = close + 1;
        bool ours = is_ours(attribute);
        job->dropped = job->dropped || ours;
        job->others = job->others || (!ours && !says_nothing(attribute));
        if (!ours)
            g_string_append_len(job->out, start, p - start);
    }
    return true;
}

static bool open_description(merging *job, name tag, const char *tag_start, const char *attributes_end, const char *end)
{
    job->described_at = job->out->len;
    job->others = job->dropped = false;
    const char *behind_name = tag.text + tag.length;
    g_string_append_len(job->out, tag_start, behind_name - tag_start);
    if (!copy_attributes(job, behind_name, attributes_end))
        return false;
    g_string_append_len(job->out, attributes_end, end - attributes_end);
    return true;
}

/* A description that is left with nothing in it goes too. */
static void close_description(merging *job)
{
    if (job->dropped && !job->others)
        g_string_truncate(job->out, job->described_at);
}

static bool open_rdf(merging *job, const char *start, const char *end, bool empty)
{
    if (job->merged || empty)
        return false;
    job->rdf_depth = job->depth;
    g_string_append_len(job->out, start, end - start);
    return true;
}

/* A start tag or an empty one, from '<' to behind '>'. */
static bool take_start_tag(merging *job, const char *start, const char *end)
{
    name tag = read_name(start + 1, end);
    bool empty = end[-2] == '/';
    int inside = job->rdf_depth ? ++job->depth - job->rdf_depth : (++job->depth, 0);
    bool good = true;
    if (!job->dropping && inside == 2 && is_ours(tag)) {
        job->dropping = job->depth;
        job->dropped = true;
    }
    if (inside == 2 && !job->dropping)
        job->others = true;
    if (inside == 1)
        good = open_description(job, tag, start, end - (empty ? 2 : 1), end);
    else if (!job->rdf_depth && name_is(local_part(tag), "RDF"))
        good = open_rdf(job, start, end, empty);
    else if (!job->dropping)
        g_string_append_len(job->out, start, end - start);
    if (!empty)
        return good;
    if (inside == 1)
        close_description(job);
    if (job->dropping == job->depth)
        job->dropping = 0;
    job->depth--;
    return good;
}

static bool take_end_tag(merging *job, const char *start, const char *end)
{
    bool was_dropping = job->dropping != 0;
    if (job->depth < 1)
        return false;
    if (job->rdf_depth == job->depth) {
        append_description(job->out, job->receipt);
        job->merged = true;
        job->rdf_depth = 0;
    }
    if (!was_dropping)
        g_string_append_len(job->out, start, end - start);
    if (job->rdf_depth && job->depth - job->rdf_depth == 1)
        close_description(job);
    if (job->dropping == job->depth)
        job->dropping = 0;
    job->depth--;
    return true;
}

/* Where a tag ends: behind the '>' that stands in no quotes. NULL: nowhere. */
static const char *find_tag_end(const char *p, const char *end)
{
    char quote = 0;
    for (; p < end; p++) {
        if (quote)
            quote = *p == quote ? 0 : quote;
        else if (*p == '"' || *p == '\'')
            quote = *p;
        else if (*p == '>')
            return p + 1;
    }
    return NULL;
}

static const char *find_behind(const char *p, const char *end, const char *word)
{
    const char *found = memmem(p, (size_t)(end - p), word, strlen(word));
    return found ? found + strlen(word) : NULL;
}

/* One piece of markup, from '<' on: what comes behind it; NULL: it is not what XMP is made of. */
static const char *take_markup(merging *job, const char *p, const char *end)
{
    name rest = {p, (size_t)(end - p)};
    bool instruction = begins_with(rest, "<?");
    if (instruction || begins_with(rest, "<!--")) {
        const char *behind = find_behind(p, end, instruction ? "?>" : "-->");
        if (behind && !job->dropping)
            g_string_append_len(job->out, p, behind - p);
        return behind;
    }
    const char *behind = find_tag_end(p, end);
    if (!behind || behind - p < 3 || p[1] == '!')
        return NULL;
    bool good = p[1] == '/' ? take_end_tag(job, p, behind) : take_start_tag(job, p, behind);
    return good ? behind : NULL;
}

static const char *take_text(merging *job, const char *p, const char *end)
{
    const char *behind = memchr(p, '<', (size_t)(end - p));
    if (!behind)
        behind = end;
    if (!job->dropping)
        g_string_append_len(job->out, p, behind - p);
    return behind;
}

static bool merge(merging *job, const char *old, size_t length)
{
    if (xmp_examine(old, length) != BLOCK_GOOD || !memmem(old, length, RDF_NAMESPACE, strlen(RDF_NAMESPACE)))
        return false;
    const char *end = old + strnlen(old, length);
    for (const char *p = old; p && p < end;) {
        p = *p == '<' ? take_markup(job, p, end) : take_text(job, p, end);
        if (!p)
            return false;
    }
    return job->merged && !job->depth && xmp_examine(job->out->str, job->out->len) == BLOCK_GOOD;
}

char *receipt_merge(const picture_receipt *receipt, const char *old, size_t old_length, size_t *length, bool *replaced)
{
    merging job = {.receipt = receipt, .out = g_string_new(NULL)};
    *replaced = false;
    if (!old || !merge(&job, old, old_length)) {
        *replaced = old != NULL;
        g_string_assign(job.out, packet_start);
        append_description(job.out, receipt);
        g_string_append(job.out, packet_end);
    }
    *length = job.out->len;
    return g_string_free(job.out, FALSE);
}

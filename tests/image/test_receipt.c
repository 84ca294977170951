/* Receipts: what was done to a photo stands in its XMP, once, beside all that stood there before. */
#include <stdlib.h>
#include <string.h>

#include "kit.h"

#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define AROUND(inside)                                                                                                 \
    "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"                                               \
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"" RDF "\">" inside                                     \
    "</rdf:RDF></x:xmpmeta>   <?xpacket end=\"w\"?>"

static const char source_type[] = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";
static const picture_receipt_line lines[] = {{"Program", "gpen 0.1"}, {"Model", "gpen-mini"}};
static const picture_receipt receipt = {lines, 2};

static int count(const char *text, const char *word)
{
    int found = 0;
    for (const char *p = text; (p = strstr(p, word)); p += strlen(word))
        found++;
    return found;
}

/* The packet after merging; g_free. It is XML always, and has one receipt. */
static char *merge(const picture_receipt *what, const char *old, bool replaced)
{
    size_t length;
    bool was_replaced;
    char *packet = receipt_merge(what, old, old ? strlen(old) : 0, &length, &was_replaced);
    assert_int_equal(strlen(packet), length);
    assert_int_equal(was_replaced, replaced);
    assert_int_equal(xmp_examine(packet, length), BLOCK_GOOD);
    assert_int_equal(count(packet, "xmlns:gpen="), 1);
    assert_int_equal(count(packet, source_type), 1);
    assert_int_equal(count(packet, "<rdf:RDF") + count(packet, "<r:RDF"), 1);
    return packet;
}

static void a_photo_without_xmp_gets_a_packet(void **state)
{
    (void)state;
    char *packet = merge(&receipt, NULL, false);
    assert_ptr_equal(strstr(packet, "<?xpacket begin="), packet);
    assert_non_null(strstr(packet, "<gpen:Program>gpen 0.1</gpen:Program>"));
    assert_non_null(strstr(packet, "<gpen:Model>gpen-mini</gpen:Model>"));
    assert_string_equal(packet + strlen(packet) - 19, "<?xpacket end=\"w\"?>");
    g_free(packet);
}

static void what_was_there_stays(void **state)
{
    (void)state;
    static const char *const insides[] = {
        "<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>At &lt;home&gt;</dc:title>"
        "</rdf:Description>",
        "<rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='3 > 2 /' />",
        "<!-- a <comment> --><rdf:Description rdf:about=\"\" xmlns:a=\"b\"><a:Bag><rdf:Bag><rdf:li>1</rdf:li><rdf:li/></rdf:Bag>"
        "</a:Bag></rdf:Description>",
        "<rdf:Description rdf:about=\"\"/>",
        "",
    };
    for (size_t i = 0; i < sizeof insides / sizeof *insides; i++) {
        char *old = g_strconcat(AROUND("\n"), NULL), *end = strstr(old, "</rdf:RDF>");
        char *whole = g_strdup_printf("%.*s%s%s", (int)(end - old), old, insides[i], end);
        char *packet = merge(&receipt, whole, false);
        /* All of the old packet, with the receipt in its place. */
        size_t before = (size_t)(strstr(whole, "</rdf:RDF>") - whole);
        assert_memory_equal(packet, whole, before);
        assert_string_equal(strstr(packet, "</rdf:RDF>"), whole + before);
        g_free(packet);
        g_free(whole);
        g_free(old);
    }
}

static void another_prefix_for_rdf_will_do(void **state)
{
    (void)state;
    static const char old[] =
        "<r:RDF xmlns:r=\"" RDF "\"><r:Description r:about=\"\" xmlns:a=\"b\" a:b=\"c\"/></r:RDF>";
    char *packet = merge(&receipt, old, false);
    assert_non_null(strstr(packet, "a:b=\"c\""));
    g_free(packet);
}

static void a_second_receipt_takes_the_first_ones_place(void **state)
{
    (void)state;
    static const char old[] = AROUND("<rdf:Description rdf:about=\"\" xmlns:a=\"b\" a:b=\"c\"/>\n");
    static const picture_receipt_line other_lines[] = {{"Model", "other"}};
    static const picture_receipt other = {other_lines, 1};
    char *once = merge(&receipt, old, false), *twice = merge(&receipt, once, false),
         *then = merge(&other, twice, false);
    assert_string_equal(once, twice);
    assert_null(strstr(then, "gpen-mini"));
    assert_null(strstr(then, "gpen:Program"));
    assert_non_null(strstr(then, "<gpen:Model>other</gpen:Model>"));
    assert_non_null(strstr(then, "a:b=\"c\""));
    assert_int_equal(count(then, "<rdf:Description"), 2);
    g_free(then);
    g_free(twice);
    g_free(once);
}

/* Other programs gather properties of all namespaces in one description, as elements or attributes; and a camera writes a
 * source type of its own, which must not stand there twice. */
static void our_properties_are_found_among_others(void **state)
{
    (void)state;
    static const char old[] =
        AROUND("<rdf:Description rdf:about=\"\" xmlns:a=\"b\" gpen:Model=\"old > older\" a:b='gpen:Model=\"x\"' "
               "Iptc4xmpExt:DigitalSourceType=\"digitalCapture\"><gpen:Program><rdf:Alt><rdf:li>old</rdf:li></rdf:Alt>"
               "</gpen:Program><gpen:Empty/><a:kept><gpen:inside/></a:kept></rdf:Description>"
               "<rdf:Description rdf:about=\"\"><Iptc4xmpExt:DigitalSourceType rdf:resource=\"digitalCapture\"/>\n"
               "</rdf:Description>");
    char *packet = merge(&receipt, old, false);
    assert_null(strstr(packet, "digitalCapture"));
    assert_null(strstr(packet, "old"));
    assert_null(strstr(packet, "Empty"));
    assert_non_null(strstr(packet, "a:b='gpen:Model=\"x\"'"));
    assert_non_null(strstr(packet, "<a:kept><gpen:inside/></a:kept>"));
    assert_int_equal(count(packet, "<rdf:Description"), 2); /* the one that was emptied is gone */
    g_free(packet);
}

static void what_is_no_packet_is_replaced(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"></x:xmpmeta>",                        /* no RDF */
        "<rdf:RDF xmlns:rdf=\"" RDF "\"/>",                                          /* empty */
        "<rdf:RDF xmlns:rdf=\"http://example.org/\"></rdf:RDF>",                     /* not that RDF */
        "<!DOCTYPE x [<!ENTITY a \"b\">]><rdf:RDF xmlns:rdf=\"" RDF "\"></rdf:RDF>", /* not XMP */
        "<a><rdf:RDF xmlns:rdf=\"" RDF "\"> </rdf:RDF><rdf:RDF> </rdf:RDF></a>",     /* two */
        "<rdf:RDF xmlns:rdf=\"" RDF "\"><rdf:Description>",                          /* cut off */
        "",
        "just words",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *packet = merge(&receipt, bad[i], true);
        assert_non_null(strstr(packet, "gpen-mini"));
        g_free(packet);
    }
}

static void values_are_only_text(void **state)
{
    (void)state;
    static const picture_receipt_line hostile[] = {{"A", "</gpen:A><script>&amp;\"'"},
                                                   {"B", "bell\a tab\t \xC2\x85 \xEF\xBF\xBF end"},
                                                   {"C", "\xFF\xFE"},
                                                   {"D", ""}};
    char *packet = merge(&(picture_receipt){hostile, 4}, NULL, false);
    assert_non_null(strstr(packet, "<gpen:A>&#60;/gpen:A&#62;&#60;script&#62;&#38;amp;&#34;&#39;</gpen:A>"));
    assert_non_null(strstr(packet, "<gpen:B>bell tab   end</gpen:B>"));
    assert_non_null(strstr(packet, "<gpen:D></gpen:D>"));
    g_free(packet);
    static const picture_receipt_line bad[] = {{"", "x"},    {"1a", "x"}, {"a b", "x"}, {"a>", "x"},
                                               {"a:b", "x"}, {NULL, "x"}, {"a", NULL},  {"\xC3\xA4", "x"}};
    gpen_image image = kit_image(20, 20, 3, 8);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        gpen_error error;
        picture_receipt one = {&bad[i], 1};
        picture_save_options options = {.format = PICTURE_PNG, .receipt = &one};
        assert_int_equal(picture_save(&image, NULL, kit_path("out"), &options, NULL, &error), GPEN_BAD_ARGUMENT);
    }
    gpen_image_free(&image);
}

/* Any damage to a packet: what comes out is a packet. */
static void rubbish_makes_a_packet_all_the_same(void **state)
{
    (void)state;
    static const char old[] =
        AROUND("<rdf:Description rdf:about=\"\" xmlns:gpen=\"b\" gpen:Model=\"c\"><gpen:a>x</gpen:a><b/>"
               "</rdf:Description>");
    static const char letters[] = "<>/\"'=: &;!?-agr";
    GRand *random = g_rand_new_with_seed(3);
    for (int round = 0; round < 3000; round++) {
        char *bad = g_strdup(old);
        for (int i = g_rand_int_range(random, 1, 4); i; i--)
            bad[g_rand_int_range(random, 0, sizeof old - 1)] = letters[g_rand_int_range(random, 0, sizeof letters - 1)];
        size_t length;
        bool replaced;
        char *packet = receipt_merge(&receipt, bad, strlen(bad), &length, &replaced);
        assert_int_equal(xmp_examine(packet, length), BLOCK_GOOD);
        assert_non_null(strstr(packet, source_type));
        g_free(packet);
        g_free(bad);
    }
    g_rand_free(random);
}

/* ---------------------------------------------------------------- in files */

static void every_format_carries_it_and_twice_is_once(void **state)
{
    (void)state;
    static const picture_format formats[] = {PICTURE_JPEG, PICTURE_PNG, PICTURE_WEBP, PICTURE_TIFF};
    static const char xmp[] = AROUND("<rdf:Description rdf:about=\"\" xmlns:a=\"b\" a:b=\"kept\"/>");
    for (int i = 0; i < 4; i++) {
        VipsImage *made = kit_picture(61, 43, 3, 8);
        vips_image_set_blob_copy(made, VIPS_META_XMP_NAME, xmp, sizeof xmp - 1);
        kit_write(made, "a.png");
        g_object_unref(made);
        picture pic = kit_load("a.png");
        picture_save_options options = {.format = formats[i], .receipt = &receipt, .overwrite = true};
        for (int round = 0; round < 2; round++) {
            kit_save_own(&pic, "out", &options);
            picture_free(&pic);
            pic = kit_load("out");
            assert_null(pic.notes);
            const extra_field *field = extras_find(pic.extras, VIPS_META_XMP_NAME);
            assert_non_null(field);
            assert_non_null(strstr(field->data, "a:b=\"kept\""));
            assert_int_equal(count(field->data, "gpen-mini"), 1);
            assert_int_equal(count(field->data, source_type), 1);
        }
        picture_free(&pic);
        kit_clear();
    }
}

/* XMP that the receipt cannot join (no RDF) or that would be too long for JPEG gives way to it, and it is said. */
static void the_receipt_goes_before_other_xmp(void **state)
{
    (void)state;
    char *filler = g_strnfill(59900, 'x');
    char *xmps[] = {g_strdup("<a>not RDF</a>"),
                    g_strdup_printf(AROUND("<rdf:Description rdf:about=\"\" xmlns:a=\"b\" a:b=\"%s\"/>"), filler)};
    for (int i = 0; i < 2; i++) {
        VipsImage *made = kit_picture(61, 43, 3, 8);
        vips_image_set_blob_copy(made, VIPS_META_XMP_NAME, xmps[i], strlen(xmps[i]));
        kit_write(made, "a.png");
        g_object_unref(made);
        picture pic = kit_load("a.png");
        gpen_error error;
        char *notes;
        picture_save_options options = {.format = PICTURE_JPEG, .receipt = &receipt};
        assert_int_equal(picture_save_own(&pic, kit_path("out"), &options, &notes, &error), GPEN_OK);
        assert_string_equal(notes, "The XMP data of the photo was left out: the receipt could not be added to it.");
        free(notes);
        picture again = kit_load("out");
        assert_int_equal(count(extras_find(again.extras, VIPS_META_XMP_NAME)->data, "gpen-mini"), 1);
        picture_free(&again);
        picture_free(&pic);
        g_free(xmps[i]);
        kit_clear();
    }
    g_free(filler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_photo_without_xmp_gets_a_packet),
        cmocka_unit_test(what_was_there_stays),
        cmocka_unit_test(another_prefix_for_rdf_will_do),
        cmocka_unit_test(a_second_receipt_takes_the_first_ones_place),
        cmocka_unit_test(our_properties_are_found_among_others),
        cmocka_unit_test(what_is_no_packet_is_replaced),
        cmocka_unit_test(values_are_only_text),
        cmocka_unit_test(rubbish_makes_a_packet_all_the_same),
        cmocka_unit_test(every_format_carries_it_and_twice_is_once),
        cmocka_unit_test(the_receipt_goes_before_other_xmp),
    };
    return cmocka_run_group_tests(tests, kit_begin, kit_end);
}

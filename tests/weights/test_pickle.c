/* The unpickler: what a .pth may say, and what is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "builder.h"
#include "weights/pickle.h"

static void says(const gpen_error *error, const char *reason)
{
    if (!strstr(error->message, reason))
        fail_msg("\"%s\" does not say \"%s\"", error->message, reason);
}

/* The instructions behind PROTO 2. */
static void refuses_bytes(const void *code, size_t length, const char *reason)
{
    bytes content = {0};
    gpen_error error;
    pickle p;
    add_text(&content, "\x80\x02");
    add(&content, code, length);
    assert_int_equal(pickle_load(&p, content.data, content.length, &error), GPEN_MODEL_INVALID);
    says(&error, reason);
    pickle_free(&p);
    bytes_free(&content);
}

static void refuses(const char *code, const char *reason)
{
    refuses_bytes(code, strlen(code), reason);
}

static void accepts(const char *code)
{
    gpen_error error;
    pickle p;
    if (pickle_load(&p, (const uint8_t *)code, strlen(code), &error))
        fail_msg("%s", error.message);
    pickle_free(&p);
}

static void test_foreign_globals(void **state)
{
    (void)state;
    refuses("cos\nsystem\n", "os.system, which does not belong");
    refuses("cposix\nsystem\nX\2", "posix.system");
    refuses("c__builtin__\neval\n", "__builtin__.eval");
    refuses("cbuiltins\ngetattr\n", "builtins.getattr");
    refuses("ctorch.storage\n_load_from_bytes\n", "torch.storage._load_from_bytes");
    refuses("cnumpy.core.multiarray\n_reconstruct\n", "numpy.core.multiarray._reconstruct");
    refuses("ctorch\nFloatStorage.foo\n", "torch.FloatStorage.foo");
    refuses("ctorch._utils\n_rebuild_tensor_v2x\n", "_rebuild_tensor_v2x");
    refuses("ctorch", "in the middle of a name");
    refuses("ctorch\nFloatStorage\n)R.", "torch.FloatStorage, which is not called");
    refuses("ctorch\nfloat32\n)R.", "torch.float32, which is not called");
}

static void test_foreign_instructions(void **state)
{
    (void)state;
    static const struct {
        const char *code, *name;
    } cases[] = {
        {"I1\n.", "INT"},  {"(ios\nsystem\n", "INST"}, {"(o", "OBJ"},      {"T", "BINSTRING"},
        {"0", "POP"},      {"P1\n", "PERSID"},         {"\x81", "NEWOBJ"}, {"\x93", "STACK_GLOBAL"},
        {"\x95", "FRAME"}, {"B", "BINBYTES"},          {"\x82", "EXT1"},   {"\x92", "NEWOBJ_EX"},
        {"\x8b", "LONG4"}, {"\x90", "ADDITEMS"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char reason[64] = "the instruction ";
        strcat(reason, cases[i].name);
        refuses(cases[i].code, reason);
    }
    refuses("\xff", "an unknown instruction, 0xff");
    refuses("\x80\x04", "pickle protocol 4");
}

static void test_stack(void **state)
{
    (void)state;
    refuses(".", "lacks its operands");
    refuses("(.", "lacks its operands");
    refuses("NN.", "leaves more than one value");
    refuses("N(\x85", "lacks its operands");
    refuses("\x87", "lacks its operands");
    refuses("t", "a mark is missing");
    refuses("Nu", "a mark is missing");
    refuses("N", "ends in the middle");
    refuses_bytes("X\xff\xff\xff\xff", 5, "ends in the middle");
    refuses_bytes("X\4\0\0\0abc", 8, "ends in the middle");
    refuses("G1234567", "ends in the middle");
    refuses("\x8a\xff"
            "1",
            "ends in the middle");
    accepts("\x80\x02N.");
}

static void test_containers(void **state)
{
    (void)state;
    refuses("NNNs.", "SETITEM on something that is no dict");
    refuses("]NNs.", "SETITEM on something that is no dict");
    refuses("](NNu.", "SETITEM on something that is no dict");
    refuses(")NNs.", "SETITEM on something that is no dict");
    refuses("ctorch\nFloatStorage\nNNs.", "SETITEM on something that is no dict");
    refuses("NNs.", "SETITEM on something that is no dict");
    refuses("}(NNNu.", "a key without a value");
    refuses("}Na.", "APPEND on something that is no list");
    refuses("}(Ne.", "APPEND on something that is no list");
    refuses("N}b.", "BUILD on something that is no OrderedDict");
    refuses("}Nb.", "BUILD with something that is no dict");
    refuses("N)R.", "REDUCE calls something that cannot be called");
    refuses("ccollections\nOrderedDict\nNR.", "REDUCE calls something that cannot be called");
    refuses("ccollections\nOrderedDict\nN\x85R.", "no list");
    refuses("ccollections\nOrderedDict\n]N\x86R.", "no list");
    refuses("ccollections\nOrderedDict\n]Na\x85R.", "no pair");
    accepts("\x80\x02"
            "ccollections\nOrderedDict\n]](NNea\x85R.");
}

static void test_memo(void **state)
{
    (void)state;
    refuses_bytes("h\0.", 3, "never given");
    refuses_bytes("Nq\x01h\0.", 6, "never given");
    refuses_bytes("Nr\xff\xff\xff\xff.", 7, "a memo number");
    refuses_bytes("(q\0", 3, "a memo number");
    refuses_bytes("q\0", 2, "a memo number");
    refuses_bytes("j\xff\xff\xff\xff.", 6, "never given");
}

static void test_deep_nesting(void **state)
{
    (void)state;
    bytes marks = {0}, tuples = {0}, lists = {0};
    add_text(&tuples, "N");
    for (int i = 0; i < 100000; i++) {
        add_text(&marks, "(");
        add_text(&tuples, "\x85");
        add_text(&lists, "]");
    }
    for (int i = 0; i < 99999; i++)
        add_text(&lists, "a");
    refuses_bytes(marks.data, marks.length, "nested deeper than 64");
    refuses_bytes(tuples.data, tuples.length, "nested deeper than 64");
    refuses_bytes(lists.data, lists.length, "nested deeper than 64");
    bytes_free(&marks);
    bytes_free(&tuples);
    bytes_free(&lists);
}

/* A dict that holds itself is harmless, as long as nobody walks round in it. */
static void test_self_reference(void **state)
{
    (void)state;
    gpen_error error;
    pickle p;
    const char code[] = "\x80\x02}q\0X\1\0\0\0ah\0s.";
    assert_int_equal(pickle_load(&p, (const uint8_t *)code, sizeof code - 1, &error), GPEN_OK);
    assert_int_equal(p.result.kind, PICKLE_DICT);
    pickle_free(&p);
}

/* Copying one long list again and again: little code, much memory. */
static void test_memory_budget(void **state)
{
    (void)state;
    bytes code = {0};
    add_text(&code, "ccollections\nOrderedDict\nq");
    add_number(&code, 0, 1);
    add_text(&code, "](");
    for (int i = 0; i < 2000; i++)
        add_text(&code, "NN\x86");
    add_text(&code, "e\x85q\1");
    for (int i = 0; i < 2000; i++)
        add(&code, "h\0h\1R", 5);
    refuses_bytes(code.data, code.length, "describes far more");
    bytes_free(&code);
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        size_t length;
        pickle_kind kind;
        int64_t number;
    } cases[] = {
        {"K\xff.", 3, PICKLE_INT, 255},
        {"M\xff\xff.", 4, PICKLE_INT, 65535},
        {"J\xff\xff\xff\xff.", 6, PICKLE_INT, -1},
        {"\x8a\0.", 3, PICKLE_INT, 0},
        {"\x8a\1\x80.", 4, PICKLE_INT, -128},
        {"\x8a\2\xff\0.", 5, PICKLE_INT, 255},
        {"\x8a\x08\0\0\0\0\0\0\0\x80.", 11, PICKLE_INT, INT64_MIN},
        {"\x8a\x09\0\0\0\0\0\0\0\0\1.", 12, PICKLE_NUMBER, 0},
        {"\x88.", 2, PICKLE_BOOL, 1},
        {"G\0\0\0\0\0\0\0\0.", 10, PICKLE_NUMBER, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pickle p;
        assert_int_equal(pickle_load(&p, (const uint8_t *)cases[i].code, cases[i].length, NULL), GPEN_OK);
        assert_int_equal(p.result.kind, cases[i].kind);
        assert_true(p.result.integer == cases[i].number);
        assert_int_equal(p.at, cases[i].length);
        pickle_free(&p);
    }
}

/* ---------------------------------------------------------------- tensors */

static void tensor_refused(const tensor_spec *tensor, const char *reason)
{
    bytes code = {0};
    put_tensor(&code, FORM_ZIP, tensor);
    add_text(&code, ".");
    refuses_bytes(code.data, code.length, reason);
    bytes_free(&code);
}

static void test_tensor_bounds(void **state)
{
    (void)state;
    static const char outside[] = "outside its storage", impossible[] = "not possible";
    static const struct {
        const char *reason;
        tensor_spec tensor;
    } cases[] = {
        {outside, {"FloatStorage", "0", 6, 1, 2, {2, 3}, {3, 1}}},
        {outside, {"FloatStorage", "0", 6, 0, 2, {2, 3}, {4, 1}}},
        {outside, {"FloatStorage", "0", 6, 6, 0, {0}, {0}}},
        {outside, {"FloatStorage", "0", 0, 0, 0, {0}, {0}}},
        {outside, {"FloatStorage", "0", 6, -1, 1, {2}, {1}}},
        {outside, {"FloatStorage", "0", 6, INT64_MAX, 1, {2}, {1}}},
        {outside, {"FloatStorage", "0", 6, 0, 1, {INT64_MAX}, {INT64_MAX}}},
        {outside, {"FloatStorage", "0", 6, 0, 3, {INT64_MAX, INT64_MAX, 2}, {1, 1, 1}}},
        {outside, {"FloatStorage", "0", 6, 0, 2, {1000000000, 1000000000}, {1000000000, 1}}},
        {impossible, {"FloatStorage", "0", 6, 0, 1, {-1}, {1}}},
        {impossible, {"FloatStorage", "0", 6, 5, 1, {2}, {-1}}},
        {"more than 8", {"FloatStorage", "0", 6, 0, 9, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {0}}},
        {"impossible size", {"FloatStorage", "0", -1, 0, 0, {0}, {0}}},
        {"impossible size", {"DoubleStorage", "0", INT64_MAX, 0, 0, {0}, {0}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        tensor_refused(&cases[i].tensor, cases[i].reason);
}

static void test_tensor_arguments(void **state)
{
    (void)state;
    bytes code = {0};
    refuses("ctorch._utils\n_rebuild_tensor_v2\n)R.", "not described as torch does it");
    refuses("ctorch._utils\n_rebuild_tensor_v2\n(NNNNNNtR.", "not described as torch does it");
    refuses("ctorch._utils\n_rebuild_parameter\nN\x88}\x87R.", "a parameter that is no tensor");
    refuses("NQ.", "no storage");
    refuses(")Q.", "no storage");
    refuses("(X", "ends in the middle");

    put_text(&code, "module");
    add_text(&code, "NNNK\1tQ.");
    refuses_bytes(code.data, code.length, "a mark is missing");
    code.length = 0;

    add_text(&code, "("); /* the same key, two storages */
    put_storage(&code, FORM_ZIP, "FloatStorage", "0", 6);
    put_storage(&code, FORM_ZIP, "LongStorage", "0", 6);
    refuses_bytes(code.data, code.length, "storage 0 is described in two ways");
    code.length = 0;

    put_global(&code, "torch._utils", "_rebuild_tensor_v2"); /* two sizes, one stride */
    add_text(&code, "(");
    put_storage(&code, FORM_ZIP, "FloatStorage", "0", 6);
    add_text(&code, "K\1K\1K\1\x86K\1\x85\x89}tR.");
    refuses_bytes(code.data, code.length, "do not belong together");
    bytes_free(&code);
}

/* _rebuild_tensor_v3 over bytes: the dtype stands by itself. */
static void test_tensor_v3(void **state)
{
    (void)state;
    bytes code = {0};
    gpen_error error;
    pickle p;
    static const int64_t shape[1] = {3}, stride[1] = {1};
    put_global(&code, "torch._utils", "_rebuild_tensor_v3");
    add_text(&code, "(");
    put_storage(&code, FORM_ZIP, "UntypedStorage", "k", 8);
    put_integer(&code, 1);
    put_tuple(&code, shape, 1);
    put_tuple(&code, stride, 1);
    add_text(&code, "\x89}");
    put_global(&code, "torch", "int16");
    add_text(&code, "tR.");
    assert_int_equal(pickle_load(&p, code.data, code.length, &error), GPEN_OK);
    assert_int_equal(p.result.kind, PICKLE_TENSOR);
    assert_int_equal(p.result.tensor->dtype, WEIGHTS_I16);
    assert_int_equal(p.result.tensor->offset, 2);
    assert_int_equal(p.result.tensor->extent, 6);
    pickle_free(&p);
    bytes_free(&code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foreign_globals),
        cmocka_unit_test(test_foreign_instructions),
        cmocka_unit_test(test_stack),
        cmocka_unit_test(test_containers),
        cmocka_unit_test(test_memo),
        cmocka_unit_test(test_deep_nesting),
        cmocka_unit_test(test_self_reference),
        cmocka_unit_test(test_memory_budget),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_tensor_bounds),
        cmocka_unit_test(test_tensor_arguments),
        cmocka_unit_test(test_tensor_v3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

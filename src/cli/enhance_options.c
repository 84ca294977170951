/* The arguments of `gpen enhance`. Its own file because what can be asked for, and what of it cannot be meant, is said in
 * one place and before anything begins. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "batch/report.h"
#include "cli/cli.h"
#include "cli/enhance.h"
#include "cli/model_choice.h"
#include "cli/options.h"
#include "cli/text.h"

static const char command_name[] = "enhance";
static const char *const modes[] = {"natural", "strong", "detail", "plain", NULL}; /* in the order of gpen_mode */
static const char *const presets[] = {
#define PRESET_NAME(identifier, name, title, reason, chinese_title, chinese_reason) name,
    GPEN_PRESET_LIST(PRESET_NAME)
#undef PRESET_NAME
        "list",
    NULL};
static const char *const off_and_on[] = {"off", "on", NULL};
static const char *const policies[] = {"skip", "copy", NULL}; /* in the order of failure_policy */
static const char *const formats[] = {"keep", "png", "jpeg", "webp", "tiff", NULL};

enum { MOST_FACES = 10000, MOST_PIXELS_A_SIDE = 65500 };

static const char usage[] = "gpen enhance PHOTO|FOLDER... -o OUT [option...]\n"
                            "gpen enhance --aligned PHOTO|FOLDER... -o OUT [option...]\n"
                            "\n"
                            "OUT is a folder, or a file when there is one photo and OUT has a picture's\n"
                            "ending.";

static const char examples[] = "gpen enhance photo.jpg -o restored.jpg      every face in a photo\n"
                               "gpen enhance photos/ -o restored/           a folder and those in it\n"
                               "gpen enhance photos/ -o out --dry-run       what would be done?\n"
                               "gpen enhance group.jpg -o out --faces 3     the three largest faces\n"
                               "gpen enhance a.jpg -o out --strength 60     more of the faces as they came\n"
                               "gpen enhance old.jpg -o out --preset auto   what suits this photo?\n"
                               "gpen enhance --aligned faces/ -o out        the photos are face crops\n"
                               "gpen enhance photos/ -o out --json          for programs";

static const char notes[] = "Without a control for the whole photo only the faces are changed: everything\n"
                            "else stays as it is, bit for bit where the format is lossless, and a photo\n"
                            "without a face comes out unchanged.\n"
                            "The detail in a restored face is the model's best guess; a note in the result's\n"
                            "metadata (XMP) says that a model altered the picture, and which.\n"
                            "\n"
                            "Every photo stands for itself: one that cannot be read is reported at the end,\n"
                            "with the reason, and costs no other one anything. Results keep the photo's name\n"
                            "and place; a second photo of the same name becomes NAME-2. Nothing is replaced\n"
                            "without --overwrite, and never a photo of the batch itself. What is there already\n"
                            "counts as done, so the same command again continues where it stopped. Ctrl-C\n"
                            "stops when what is being restored is written, a second one at once; a result is\n"
                            "whole or not there. 'gpen batch' shows what was done and what failed.\n"
                            "\n"
                            "A face crop is a roughly square picture with the face where portraits of the\n"
                            "training data have it: the eyes a little above the middle, some hair and neck\n"
                            "around.\n"
                            "\n"
                            "Exit status: 0 all done, 1 some photo failed, 2 the command was wrong, 3 nothing\n"
                            "could start, 130 stopped by Ctrl-C.";

/* What stands in the arguments and not yet in the settings. */
typedef struct raw_choices {
    const char *faces;     /* NULL: not given */
    int least_face;        /* -1: not given */
    const char *strengths; /* of single faces; NULL: not given */
    const char *boxes;     /* of faces that were missed; NULL: not given */
    int preset;
    gpen_settings look; /* what a preset sets: NOT_GIVEN, or as given */
    int mode;           /* likewise */
} raw_choices;

enum { NOT_GIVEN = -1000 };

static int parse(int argc, char **argv, enhance_settings *settings, raw_choices *raw, int *operands)
{
    gpen_settings *look = &raw->look;
    const command_option options[] = {
        {"models", "model", 0, "NAME|FILE",
         "The restorer: an installed model or a weights file.\n"
         "Default: the best installed, else the bundled one",
         .text = &settings->model},
        {"models", "detector", 0, "NAME|FILE",
         "A RetinaFace, which finds the faces.\n"
         "Default: the best installed",
         .text = &settings->detector},
        {"models", "parser", 0, "NAME|FILE|none",
         "A ParseNet, which tells a face from its background at\n"
         "the edge. Default: an installed one, else none",
         .text = &settings->parser},
        {"faces", "faces", 0, "CHOICE", "all, largest, or a number: that many, the largest.\nDefault: all",
         .text = &raw->faces},
        {"faces", "min-face", 0, "PX", "Leave smaller faces as they are. Default: 16", .number = &raw->least_face,
         .low = 0, .high = MOST_PIXELS_A_SIDE},
        {"faces", "add-face", 0, "L,T,R,B;...",
         "Restore a face that was missed as well: a box around\n"
         "it, left, top, right and bottom in pixels",
         .text = &raw->boxes},
        {"faces", "save-faces", 0, NULL,
         "Write each face by itself too, as it came and restored:\n"
         "faces/NAME-face1-before.png and faces/NAME-face1.png",
         .flag = &settings->save_faces},
        {"faces", "require-face", 0, NULL, "A photo without a face fails", .flag = &settings->require_face},
        {"faces", "aligned", 0, NULL, "The photos are face crops: no face is looked for", .flag = &settings->aligned},
        {"look", "preset", 0, "NAME",
         "Settings for a purpose; what is given beside it wins.\n"
         "auto: measures each photo and says what it chose.\n"
         "list: says what there is. Default: everyday",
         .choice = &raw->preset, .choices = presets},
        {"look", "mode", 0, "MODE",
         "natural (default): keeps the photo's colour and grain;\n"
         "strong: for badly damaged photos, takes noise away\n"
         "everywhere; detail: only adds fine detail to the faces;\n"
         "plain: as the published program computes",
         .choice = &raw->mode, .choices = modes},
        {"look", "strength", 0, "0-100", "0: the faces as they came, 100: the restored.\nDefault: 80",
         .number = &look->strength, .low = 0, .high = 100},
        {"look", "face-strength", 0, "I=N,...",
         "Face I gets strength N, 0 leaves it as it is; faces\n"
         "are numbered as gpen detect prints them",
         .text = &raw->strengths},
        {"look", "likeness", 0, "on|off",
         "Hold back where a face would become somebody else.\n"
         "Default: on; mode plain never does",
         .choice = &settings->look.likeness, .choices = off_and_on},
        {"look", "denoise", 0, "0-100", "Take noise away from the whole photo; 60 suits most", .number = &look->denoise,
         .low = 0, .high = 100},
        {"look", "sharpen", 0, "0-100", "Sharpen the whole photo", .number = &look->sharpen, .low = 0, .high = 100},
        {"look", "contrast", 0, "-100-100", "Less or more contrast in the whole photo", .number = &look->contrast,
         .low = -100, .high = 100},
        {"look", "brightness", 0, "-100-100", "Make the whole photo darker or brighter", .number = &look->brightness,
         .low = -100, .high = 100},
        {"look", "skin-protect", 0, "0-100", "Hold the colour of skin to the photo's", .number = &look->skin_protect,
         .low = 0, .high = 100},
        {"look", "detail-boost", 0, "0-100", "More contrast in eyes, brows, lips and hair",
         .number = &look->detail_boost, .low = 0, .high = 100},
        {"look", "fading", 0, "0-100", "Undo a faded print and its cast", .number = &look->fading, .low = 0,
         .high = 100},
        {"look", "dust", 0, "0-100", "Remove scratches and specks outside the faces", .number = &look->dust, .low = 0,
         .high = 100},
        {"output", "output", 'o', "OUT", "Where the results go (required)", .text = &settings->out},
        {"output", "format", 0, "FORMAT",
         "keep, png, jpeg, webp or tiff. Default: keep, which\n"
         "writes HEIC and AVIF as JPEG, GIF as PNG",
         .choice = &settings->format, .choices = formats},
        {"output", "quality", 0, "1-100", "Of JPEG and WebP; WebP at 100 is lossless. Default: 95",
         .number = &settings->quality, .low = 1, .high = 100},
        {"output", "max-edge", 0, "PX", "Reduce larger results to this longer side", .number = &settings->max_edge,
         .low = 16, .high = MOST_PIXELS_A_SIDE},
        {"output", "on-failure", 0, "WHAT",
         "skip: nothing is written for a photo that fails; copy:\n"
         "the photo itself, under the result's name. Default: skip",
         .choice = &settings->on_failure, .choices = policies},
        {"output", "report", 0, "FILE",
         "What became of each photo: a page with small pictures\n"
         "(.html), or for programs (.json, .csv)",
         .text = &settings->report},
        {"machine", "workers", 0, "N",
         "Photos worked on at once, each in a process of its own.\n"
         "Default: as cores and memory allow; 'gpen doctor' says",
         .number = &settings->workers, .low = 1, .high = 256},
        {"machine", "threads", 0, "N",
         "Of each worker, 1 to 256. Default: the processors,\n"
         "divided among the workers",
         .number = &settings->threads, .low = 1, .high = 256},
        {"machine", "memory-limit", 0, "MIB",
         "The most memory that a worker may take. Default: its\n"
         "share of what is free",
         .number = &settings->memory_limit, .low = 64, .high = 16777216},
        {"machine", "timeout", 0, "S",
         "A photo that takes longer fails, and the next one is\n"
         "begun. Default: 600",
         .number = &settings->timeout, .low = 1, .high = 1000000},
        {"machine", "precision", 0, "P",
         "auto, fp32, or bf16: twice as fast in half the memory,\n"
         "within a grey level, on processors with AVX-512 BF16.\n"
         "Default: auto, the fastest; fp32 in mode plain",
         .choice = &settings->precision, .choices = precision_choices},
        {"machine", "max-megapixels", 0, "N", "Larger pictures are refused unread. Default: 120",
         .number = &settings->max_megapixels, .low = 1, .high = 4290},
        {"running", "overwrite", 0, NULL, "Replace results that are there already", .flag = &settings->overwrite},
        {"running", "dry-run", 0, NULL, "Say what would be done, and write nothing", .flag = &settings->dry_run},
        {"running", "json", 0, NULL, "JSON lines on standard output, and nothing else", .flag = &settings->json},
        {"running", "log-file", 0, "FILE", "Append the log to this file, a JSON object a line",
         .text = &settings->log_file},
        {"running", "quiet", 0, NULL, "Only say what failed", .flag = &settings->quiet},
    };
    const command_manual manual = {command_name, "restore faces: photos and whole folders", usage, examples, notes,
                                   options,      sizeof options / sizeof *options};
    return options_parse(&manual, argc, argv, operands);
}

/* ---------------------------------------------------------------- faces */

/* Options that say something about the faces in a photo say nothing about a crop. */
static int check_aligned(const enhance_settings *settings, const raw_choices *raw)
{
    const struct {
        bool given;
        const char *option;
    } refused[] = {{settings->detector, "--detector"},
                   {settings->parser, "--parser"},
                   {raw->faces, "--faces"},
                   {raw->least_face >= 0, "--min-face"},
                   {raw->strengths, "--face-strength"},
                   {raw->boxes, "--add-face"},
                   {settings->save_faces, "--save-faces"},
                   {settings->require_face, "--require-face"}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (refused[i].given)
            return complain_usage(command_name, "%s is for whole photos, and with --aligned each photo is one face",
                                  refused[i].option);
    return CLI_GO_ON;
}

static int take_faces(const char *choice, int *most_faces)
{
    char *end;
    if (!choice || !strcmp(choice, "all")) {
        *most_faces = 0;
        return CLI_GO_ON;
    }
    if (!strcmp(choice, "largest")) {
        *most_faces = 1;
        return CLI_GO_ON;
    }
    errno = 0;
    long number = strtol(choice, &end, 10);
    if (end == choice || *end || errno || number < 1 || number > MOST_FACES)
        return complain_usage(command_name, "--faces takes all, largest or a number from 1 to %d, not '%s'", MOST_FACES,
                              choice);
    *most_faces = (int)number;
    return CLI_GO_ON;
}

/* Reads "I=N" and moves on behind it, and behind a comma after it. */
static bool read_strength(const char **text, gpen_face_strength *own)
{
    char *end;
    if (!isdigit((unsigned char)**text))
        return false;
    errno = 0;
    long face = strtol(*text, &end, 10);
    if (errno || face < 1 || face > MOST_FACES || *end != '=' || !isdigit((unsigned char)end[1]))
        return false;
    long strength = strtol(end + 1, &end, 10);
    if (errno || strength > 100 || (*end && (*end != ',' || !end[1])))
        return false;
    *own = (gpen_face_strength){(int)face, (int)strength};
    *text = *end ? end + 1 : end;
    return true;
}

static int take_strengths(const char *text, gpen_settings *look)
{
    gpen_error error;
    for (const char *rest = text; rest && *rest; look->face_strength_count++) {
        if (look->face_strength_count == GPEN_MOST_FACE_STRENGTHS)
            return complain_usage(command_name, "--face-strength takes at most %d faces", GPEN_MOST_FACE_STRENGTHS);
        if (!read_strength(&rest, &look->face_strengths[look->face_strength_count]))
            return complain_usage(command_name,
                                  "--face-strength takes a face's number and its strength, as in 1=40,3=0, not '%s'",
                                  text);
    }
    return gpen_settings_check(look, &error) ? complain_usage(command_name, "--face-strength: %s", error.message)
                                             : CLI_GO_ON;
}

/* Reads "L,T,R,B" and moves on behind it, and behind a semicolon after it. */
static bool read_box(const char **text, float box[4])
{
    for (int k = 0; k < 4; k++) {
        char *end;
        if (!isdigit((unsigned char)**text) && **text != '-')
            return false;
        errno = 0;
        long edge = strtol(*text, &end, 10);
        char after = k < 3 ? ',' : *end ? ';' : '\0';
        if (end == *text || errno || labs(edge) > GPEN_MOST_EXTRA_COORDINATE || *end != after || (*end && !end[1]))
            return false;
        box[k] = (float)edge;
        *text = *end ? end + 1 : end;
    }
    return true;
}

static int take_boxes(const char *text, gpen_settings *look)
{
    gpen_error error;
    for (const char *rest = text; rest && *rest; look->extra_face_count++) {
        if (look->extra_face_count == GPEN_MOST_EXTRA_FACES)
            return complain_usage(command_name, "--add-face takes at most %d faces", GPEN_MOST_EXTRA_FACES);
        if (!read_box(&rest, look->extra_faces[look->extra_face_count]))
            return complain_usage(
                command_name,
                "--add-face takes the left, top, right and bottom of a box, as in 40,60,120,160, not '%s'", text);
    }
    return gpen_settings_check(look, &error) ? complain_usage(command_name, "--add-face: %s", error.message)
                                             : CLI_GO_ON;
}

/* ---------------------------------------------------------------- presets */

static void print_presets(void)
{
    gpen_language language = text_language();
    for (int preset = 0; preset < GPEN_PRESET_COUNT; preset++)
        printf("%-18s %s\n%-18s %s\n", gpen_preset_name(preset), gpen_preset_title(preset, language), "",
               gpen_preset_sentence(preset, language));
}

/* What a preset sets, as places: mode, strength and the controls, in the order of gpen_settings.held. */
enum { HELD_PLACES = 10 };
_Static_assert(GPEN_HELD_ALL == (1 << HELD_PLACES) - 1, "a place for each bit");

static void held_places(gpen_settings *look, int *mode, int *places[HELD_PLACES])
{
    int count = 0;
    places[count++] = mode;
    places[count++] = &look->strength;
#define ADD_PLACE(field, least, most) places[count++] = &look->field;
    GPEN_CONTROL_LIST(ADD_PLACE)
#undef ADD_PLACE
}

/* The preset's settings, and over them those that were given. */
static void take_preset(raw_choices *raw, gpen_settings *look)
{
    int *given[HELD_PLACES], *taken[HELD_PLACES], mode, held = 0;
    held_places(&raw->look, &raw->mode, given);
    for (int i = 0; i < HELD_PLACES; i++)
        held |= *given[i] != NOT_GIVEN ? 1 << i : 0;
    gpen_settings_take_preset(look, (gpen_preset)raw->preset, 0);
    look->held = held;
    mode = (int)look->mode;
    held_places(look, &mode, taken);
    for (int i = 0; i < HELD_PLACES; i++)
        if (*given[i] != NOT_GIVEN)
            *taken[i] = *given[i];
    look->mode = (gpen_mode)mode;
}

/* ---------------------------------------------------------------- OUT */

static bool ends_with_any(const char *path, const char *const *endings)
{
    const char *ending = strrchr(path_name(path), '.');
    for (; ending && *endings; endings++)
        if (!strcasecmp(ending, *endings))
            return true;
    return false;
}

/* Is OUT meant as one picture's name? Other kinds of pictures count too: no one means a folder called "restored.bmp". */
static bool is_picture_name(const char *out)
{
    static const char *const others[] = {".bmp", ".jp2", ".jxl", ".ppm", NULL};
    picture_format format;
    return !path_is_folder(out) &&
           (picture_ending(path_name(out)) || picture_format_of_name(out, &format) || ends_with_any(out, others));
}

static int check_picture_name(const enhance_settings *settings, char **inputs, int count)
{
    static const picture_format asked[] = {[WRITE_PNG] = PICTURE_PNG,
                                           [WRITE_JPEG] = PICTURE_JPEG,
                                           [WRITE_WEBP] = PICTURE_WEBP,
                                           [WRITE_TIFF] = PICTURE_TIFF};
    picture_format format;
    if (count != 1 || path_is_folder(inputs[0]))
        return complain_usage(command_name,
                              "%s is the name of one picture, but there may be several: OUT must be a folder",
                              settings->out);
    if (!picture_format_of_name(settings->out, &format))
        return complain_usage(command_name, "%s: results are written as JPEG, PNG, WebP or TIFF", settings->out);
    if (settings->format != WRITE_KEEP && asked[settings->format] != format)
        return complain_usage(command_name, "--format %s does not go with the name %s", formats[settings->format],
                              settings->out);
    return CLI_GO_ON;
}

static bool same_folder(const char *left, const char *right)
{
    char *a = realpath(left, NULL), *b = realpath(right, NULL);
    bool same = a && b && !strcmp(a, b);
    free(a);
    free(b);
    return same;
}

static int check_places(enhance_settings *settings, char **inputs, int count)
{
    if (!count)
        return complain_usage(command_name, "no photo was named");
    if (!settings->out)
        return complain_usage(command_name, "say where the results go: -o OUT");
    for (int i = 0; i < count; i++)
        if (path_is_folder(inputs[i]) && same_folder(inputs[i], settings->out))
            return complain_usage(command_name, "OUT is the folder of the photos themselves; choose another one");
    settings->out_is_file = is_picture_name(settings->out);
    return settings->out_is_file ? check_picture_name(settings, inputs, count) : CLI_GO_ON;
}

static int check_report(const char *path)
{
    report_format format;
    if (!path || report_format_of_name(path, &format))
        return CLI_GO_ON;
    return complain_usage(command_name, REPORT_NAMES, path);
}

int enhance_options_read(int argc, char **argv, enhance_settings *settings, int *count)
{
    *settings = (enhance_settings){.look = gpen_settings_default(),
                                   .quality = 95,
                                   .timeout = 600,
                                   .max_megapixels = PICTURE_DEFAULT_MAX_PIXELS / 1000000};
    raw_choices raw = {.least_face = -1, .preset = GPEN_PRESET_EVERYDAY};
    int *given[HELD_PLACES];
    held_places(&raw.look, &raw.mode, given);
    for (int i = 0; i < HELD_PLACES; i++)
        *given[i] = NOT_GIVEN;
    int status = parse(argc, argv, settings, &raw, count);
    if (status == CLI_GO_ON && raw.preset == GPEN_PRESET_COUNT) {
        print_presets();
        return CLI_DONE;
    }
    if (status == CLI_GO_ON)
        take_preset(&raw, &settings->look);
    if (status == CLI_GO_ON)
        status = check_places(settings, argv + 1, *count);
    if (status == CLI_GO_ON)
        status = check_report(settings->report);
    if (status == CLI_GO_ON && settings->aligned)
        status = check_aligned(settings, &raw);
    if (status == CLI_GO_ON)
        status = take_faces(raw.faces, &settings->look.most_faces);
    if (status == CLI_GO_ON)
        status = take_strengths(raw.strengths, &settings->look);
    if (status == CLI_GO_ON)
        status = take_boxes(raw.boxes, &settings->look);
    if (raw.least_face >= 0)
        settings->look.least_face = raw.least_face;
    return status;
}

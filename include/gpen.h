/* gpen.h: restore the faces in portraits with GPEN, from C.
 *
 *     gpen_error error;
 *     gpen_model *model = NULL;
 *     if (gpen_model_open(&model, "gpen-mini.safetensors", NULL, &error))
 *         return fprintf(stderr, "%s\n", error.message), 1;
 *     gpen_image face = {.width = 256, .height = 256, .channels = 3, .bits = 8, .row_bytes = 768, .pixels = rgb};
 *     gpen_image restored;
 *     if (gpen_restore_aligned(model, &face, NULL, &restored, &error))
 *         fprintf(stderr, "%s\n", error.message);
 *     else
 *         gpen_image_free(&restored);
 *     gpen_model_close(model);
 *
 * Rules that hold for every function here
 *   errors     A function that can fail returns gpen_status, 0 (GPEN_OK) for success. The reason stands in the caller's
 *              gpen_error, which may be NULL. A call that failed leaves nothing behind: outputs are zeroed.
 *   ownership  What a function hands out through a pointer-to-pointer or an output struct is the caller's, and has the
 *              one release function that its comment names. Inputs are only read, and only during the call.
 *   threads    The library has no state of its own outside its handles. Different handles may be used in different
 *              threads at the same time; one handle serves one thread at a time.
 *
 * Sources: GPEN, "GAN Prior Embedded Network for Blind Face Restoration in the Wild" (Yang et al., CVPR 2021).
 */
#ifndef GPEN_H
#define GPEN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(GPEN_BUILD_SHARED) && (defined(__GNUC__) || defined(__clang__))
#define GPEN_API __attribute__((visibility("default")))
#else
#define GPEN_API
#endif

/* ---------------------------------------------------------------- status
 * One list makes the enum, the names that programs read, and the sentences that people read.
 * X(IDENTIFIER, name, English, Chinese) */
#define GPEN_STATUS_LIST(X)                                                                                            \
    X(OK, "ok", "Done.", "完成。")                                                                                     \
    X(BAD_ARGUMENT, "bad_argument", "A setting has a value that cannot be used.", "某项设置的值无效。")                \
    X(UNREADABLE, "unreadable", "The picture is damaged and cannot be read in full.", "图片已损坏，无法完整读取。")    \
    X(UNSUPPORTED_FORMAT, "unsupported_format", "This kind of file is not supported.", "不支持这种文件格式。")         \
    X(TOO_LARGE, "too_large", "The picture is larger than the limit.", "图片超过大小限制。")                           \
    X(INPUT_MISSING, "input_missing", "The file is not there, or may not be read.", "文件不存在或没有读取权限。")      \
    X(NO_FACE, "no_face", "No face was found in the picture.", "图片中没有找到人脸。")                                 \
    X(OUT_OF_MEMORY, "out_of_memory", "There was not enough memory.", "内存不足。")                                    \
    X(CRASHED, "crashed", "The worker crashed on this picture.", "处理这张图片时程序崩溃。")                           \
    X(TIMED_OUT, "timed_out", "It took longer than the time limit.", "处理超时。")                                     \
    X(GIVEN_UP, "given_up", "Given up: this picture stopped two workers.", "已放弃：这张图片使两个进程终止。")         \
    X(MODEL_MISSING, "model_missing", "The model is not installed.", "模型尚未安装。")                                 \
    X(MODEL_INVALID, "model_invalid", "The model file is damaged or of another kind.", "模型文件已损坏或类型不符。")   \
    X(DEVICE_LOST, "device_lost", "The graphics device stopped answering.", "显卡设备无响应。")                        \
    X(WRITE_FAILED, "write_failed", "The result could not be written.", "无法写入结果。")                              \
    X(DISK_FULL, "disk_full", "The disk is full.", "磁盘已满。")                                                       \
    X(FETCH_REFUSED, "fetch_refused", "The address may not be fetched.", "不允许从该地址下载。")                       \
    X(CANCELLED, "cancelled", "Cancelled.", "已取消。")                                                                \
    X(EXISTS, "exists", "The result is there already; it was left as it is.", "结果已存在，未作改动。")                \
    X(FETCH_FAILED, "fetch_failed", "The download did not succeed.", "下载未成功。")                                   \
    X(IN_USE, "in_use", "Another gpen is at work on these batches.", "另一个 gpen 正在处理这些批次。")                 \
    X(STORE_DAMAGED, "store_damaged", "The record of the batches is damaged or cannot be read.",                       \
      "批次记录已损坏或无法读取。")

typedef enum gpen_status {
#define GPEN_STATUS_ENUM(identifier, name, english, chinese) GPEN_##identifier,
    GPEN_STATUS_LIST(GPEN_STATUS_ENUM)
#undef GPEN_STATUS_ENUM
        GPEN_STATUS_COUNT
} gpen_status;

/* The reason of the last failure, in the caller's hands. message is UTF-8, one line, always terminated. */
typedef struct gpen_error {
    gpen_status status;
    char message[512];
} gpen_error;

/* The name a program reads ("out_of_memory"). Static, never NULL; "unknown" outside the list. */
GPEN_API const char *gpen_status_name(gpen_status status);

typedef enum gpen_language { GPEN_ENGLISH, GPEN_CHINESE } gpen_language;

/* The sentence a person reads. Static UTF-8, never NULL. */
GPEN_API const char *gpen_status_sentence(gpen_status status, gpen_language language);

/* "MAJOR.MINOR.PATCH". Static. */
GPEN_API const char *gpen_version(void);

/* ---------------------------------------------------------------- pictures in memory */

/* Interleaved samples, rows from top to bottom, sRGB unless said otherwise.
 *   channels   1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha (not premultiplied)
 *   bits       8 (uint8_t samples) or 16 (uint16_t samples in the machine's byte order)
 *   row_bytes  distance from one row to the next, at least width * channels * bits / 8 */
typedef struct gpen_image {
    int width, height;
    int channels;
    int bits;
    size_t row_bytes;
    void *pixels;
} gpen_image;

/* Releases the pixels of an image that this library filled in, and zeroes it. NULL and zeroed images are fine. */
GPEN_API void gpen_image_free(gpen_image *image);

/* ---------------------------------------------------------------- models */

/* A loaded restorer, and a detector and a parser where asked for, with their compiled plans, working memory and threads. */
typedef struct gpen_model gpen_model;

/* Which numbers a network computes with. BF16 halves memory and time: maps and convolution weights in bfloat16, every sum in
 * float32; the restored face stays within one grey level of FP32's on average. It needs a processor with AVX-512 BF16. */
typedef enum gpen_precision {
    GPEN_PRECISION_AUTO, /* BF16 where the processor has it, otherwise FP32 */
    GPEN_PRECISION_FP32, /* the reference: within 1e-4 (relative L2) of the published arithmetic */
    GPEN_PRECISION_BF16,
} gpen_precision;

typedef struct gpen_options {
    const char *detector; /* a RetinaFace file: finds faces in whole photos; NULL: only aligned faces can be restored */
    const char *parser;   /* a ParseNet file: tells skin from background at a face's edge; NULL: do without */
    int threads;          /* 1..256; 0: one for each processor this process may use */
    const char
        *level; /* instruction level: "generic", "avx2", "avx512", "avx512-bf16"; NULL: the best of this processor.
                          A level this processor lacks is an error. The variable GPEN_CPU can only lower it. */
    gpen_precision
        precision; /* of restorer and parser; faces are always found in FP32. BF16 where the level lacks it is an error */
    const char
        *cache; /* a folder where models are kept in the form this processor wants, mapped and shared by all processes
                        * that open them; made when it is not there. NULL: each process makes and has its own */
} gpen_options;

/* What a model is, read from its tensors' names and shapes. All zero but level, precision and threads without a restorer. */
typedef struct gpen_model_info {
    int size;                 /* side of the square crop, pixels: 64..2048, a power of two */
    int style_length;         /* length of the style vector */
    int mapping_layers;       /* fully connected layers from the encoder's code to the style */
    int64_t parameters;       /* numbers in the file */
    const char *level;        /* instruction level in use; static */
    gpen_precision precision; /* in use: FP32 or BF16 */
    int threads;              /* threads in use */
    size_t weight_bytes;      /* memory of the packed weights */
    size_t arena_bytes;       /* memory of all activations and scratch: the most a run touches */
} gpen_model_info;

/* Reads a GPEN restorer from .safetensors or .pth, and the options' detector and parser, checks every tensor's name and shape,
 * and compiles them. path NULL: no restorer, for detecting only. options may be NULL for the defaults. *model is NULL on failure; release with gpen_model_close.
 * Errors: INPUT_MISSING, MODEL_INVALID (damaged, or no GPEN: the message names the tensor), BAD_ARGUMENT, OUT_OF_MEMORY. */
GPEN_API gpen_status gpen_model_open(gpen_model **model, const char *path, const gpen_options *options,
                                     gpen_error *error);

/* Takes everything back. NULL is fine. */
GPEN_API void gpen_model_close(gpen_model *model);

/* Fills in *info; its strings live as long as the model. */
GPEN_API void gpen_model_describe(const gpen_model *model, gpen_model_info *info);

/* "auto", "fp32", "bf16". Static, never NULL. */
GPEN_API const char *gpen_precision_name(gpen_precision precision);

/* ---------------------------------------------------------------- restoring */

/* What a restored face brings into the photo. In every mode strength 0 is the photo, bit for bit, and a black-and-white photo
 * stays black and white. docs/LOOK.md has the formulas and their sources. */
typedef enum gpen_mode {
    GPEN_MODE_NATURAL, /* the restored face in the photo's own colour and with its own grain */
    GPEN_MODE_STRONG,  /* for badly damaged photos: noise is taken away before restoring, and from the background */
    GPEN_MODE_DETAIL,  /* the face as it came, with the fine detail (1 to 4 px) of the restored one */
    GPEN_MODE_PLAIN, /* the published demo's arithmetic: a linear blend; without a parser the mask is a feathered square */
} gpen_mode;

/* "natural", "strong", "detail", "plain". Static, never NULL. */
GPEN_API const char *gpen_mode_name(gpen_mode mode);

/* The controls that are whole numbers, each off at 0, for loops over them. X(FIELD, least, most) */
#define GPEN_CONTROL_LIST(X)                                                                                           \
    X(denoise, 0, 100)                                                                                                 \
    X(sharpen, 0, 100)                                                                                                 \
    X(contrast, -100, 100)                                                                                             \
    X(brightness, -100, 100)                                                                                           \
    X(skin_protect, 0, 100)                                                                                            \
    X(detail_boost, 0, 100)                                                                                            \
    X(fading, 0, 100)                                                                                                  \
    X(dust, 0, 100)

/* A strength of one face's own. */
typedef struct gpen_face_strength {
    int face;     /* as gpen_detect orders them, from 1 */
    int strength; /* 0..100 */
} gpen_face_strength;

enum { GPEN_MOST_FACE_STRENGTHS = 64 };

/* Looks that have a name, for purposes that people have. One list makes the enum, the names and what people read; which settings
 * each has, and why, is in docs/PRESETS.md. X(IDENTIFIER, name, title, reason, the same in Chinese) */
#define GPEN_PRESET_LIST(X)                                                                                                \
    X(EVERYDAY, "everyday", "Everyday",                                                                                    \
      "Faces restored in the photo's own colour and grain, nothing else touched: right for most photos.", "日常",          \
      "修复人脸并保留照片原有的色彩和颗粒，其余部分不变：适合大多数照片。")                                                \
    X(CLASSIC, "classic", "Classic",                                                                                       \
      "Fainter faces, a little less noise and a little more sharpness: the look that restoring programs used to have.",    \
      "经典", "人脸修复较轻，略降噪并略锐化：传统修复软件的效果。")                                                        \
    X(LIGHT_TOUCH, "light-touch", "Light touch",                                                                           \
      "For good photos: half of the detail is the photo's own, so that nobody sees that something was done.", "轻微",      \
      "适合质量较好的照片：一半细节来自原照，看不出处理痕迹。")                                                            \
    X(OLD_PHOTO, "old-photo", "Old photo",                                                                                 \
      "Undoes fading and yellowing, takes grain away, and removes scratches and dust outside the faces.", "老照片",        \
      "消除褪色和泛黄，去除颗粒，并清除人脸以外的划痕和灰尘。")                                                            \
    X(VERY_BLURRED, "very-blurred", "Very blurred",                                                                        \
      "For faces that are hardly to be seen: noise is taken away before restoring, and the model's face is used in full.", \
      "严重模糊", "适合几乎看不清的人脸：修复前先降噪，并完全采用模型生成的人脸。")                                        \
    X(SCANNED_PRINT, "scanned-print", "Scanned print",                                                                     \
      "For prints and pages from a scanner: smooths the paper's grain and the printer's dots, removes dust.",              \
      "扫描印刷品", "适合扫描的照片和书页：平滑纸张纹理和印刷网点，清除灰尘。")                                            \
    X(DOCUMENT_PORTRAIT, "document-portrait", "Document portrait",                                                         \
      "For passports and records: little is added to the face, and the colour of skin is held.", "证件照",                 \
      "适合证件和档案：对人脸添加得很少，并保持肤色不变。")                                                                \
    X(AUTO, "auto", "Automatic", "Measures each photo, chooses for it, and says what it chose and why.", "自动",           \
      "测量每张照片，为其选择合适的设置，并说明选择及原因。")

typedef enum gpen_preset {
#define GPEN_PRESET_ENUM(identifier, name, title, reason, chinese_title, chinese_reason) GPEN_PRESET_##identifier,
    GPEN_PRESET_LIST(GPEN_PRESET_ENUM)
#undef GPEN_PRESET_ENUM
        GPEN_PRESET_COUNT
} gpen_preset;

/* Static, never NULL; "unknown" or "" outside the list. */
GPEN_API const char *gpen_preset_name(gpen_preset preset);
GPEN_API const char *gpen_preset_title(gpen_preset preset, gpen_language language);
GPEN_API const char *gpen_preset_sentence(gpen_preset preset, gpen_language language);

/* What a preset sets, as bits of gpen_settings.held. */
enum {
    GPEN_HELD_MODE = 1,
    GPEN_HELD_STRENGTH = 2,
    GPEN_HELD_DENOISE = 4, /* the first of GPEN_CONTROL_LIST; the next is twice of it, and so on */
    GPEN_HELD_FADING = 256,
    GPEN_HELD_ALL = 1023
};

/* {0} is no settings: begin with gpen_settings_default(). */
typedef struct gpen_settings {
    gpen_preset preset; /* where these began, for the record; AUTO: each photo gets its own, see gpen_choose */
    int held;           /* with AUTO: which settings a person chose, so that they stay as they are here */
    gpen_mode mode;
    int strength;      /* 0 (the faces as they came) .. 100 (the restored faces) */
    int most_faces;    /* whole photos: restore only this many, the largest; 0: all */
    int least_face;    /* whole photos: leave faces whose box's shorter side has fewer pixels as they are; 0: none */
    float least_score; /* whole photos: leave faces with no more than this score as they are; 0.5..1 */

    int denoise;      /* whole photo, 0..100: takes noise away; how much there is is measured; about 60 suits most */
    int sharpen;      /* whole photo, 0..100 */
    int contrast;     /* whole photo, -100..100 */
    int brightness;   /* whole photo, -100..100 */
    int skin_protect; /* faces, 0..100: holds hue and chroma of skin to the original's */
    int detail_boost; /* faces, 0..100: local contrast of eyes, brows and lips; of hair too where there is a parser */
    int fading;       /* whole photo, 0..100: undoes a faded print and its cast */
    int dust;         /* whole photo outside faces, 0..100: removes thin scratches and specks */

    int likeness; /* 1: a face that would become somebody else is lowered in strength, or left; 0: it is not. In plain no face is,
                   * and 0 takes only this: that black-and-white photos stay so, which the published demo knows nothing of */

    int face_strength_count; /* 0..GPEN_MOST_FACE_STRENGTHS of the next; no face twice */
    gpen_face_strength face_strengths[GPEN_MOST_FACE_STRENGTHS];
} gpen_settings;

/* The settings that NULL stands for: natural, strength 80, all faces, least_face 16, least_score 0.9, likeness on, everything else
 * off. */
GPEN_API gpen_settings gpen_settings_default(void);

/* Gives mode, strength and controls, but those held (bits), what the preset says. AUTO: what everyday says, until gpen_choose. */
GPEN_API void gpen_settings_take_preset(gpen_settings *settings, gpen_preset preset, int held);

/* Is each field in its range? BAD_ARGUMENT names the first that is not. */
GPEN_API gpen_status gpen_settings_check(const gpen_settings *settings, gpen_error *error);

/* The strength of the face numbered so, from 1: its own, or that of all. */
GPEN_API int gpen_settings_face_strength(const gpen_settings *settings, size_t face);

/* Restores one aligned face, a square-ish crop with the face where GPEN's training data has it, and finishes it as a photo.
 * face: any size from 16x16 to 65500x65500, 8 or 16 bits, 1 to 4 channels. It is resized bilinearly to the model's size.
 * restored: size x size, the channels and bits of the face; alpha is resized along. Release with gpen_image_free.
 * settings may be NULL. Errors: BAD_ARGUMENT, OUT_OF_MEMORY.
 * The restored face is the published demo's: values in -1..1, clamped, truncated to 8 bits (rounded to 16). */
GPEN_API gpen_status gpen_restore_aligned(gpen_model *model, const gpen_image *face, const gpen_settings *settings,
                                          gpen_image *restored, gpen_error *error);

/* What became of a face. One list, as for statuses. X(IDENTIFIER, name, English, Chinese) */
#define GPEN_FACE_STATE_LIST(X)                                                                                        \
    X(FOUND, "found", "Found.", "已找到。")                                                                            \
    X(RESTORED, "restored", "Restored.", "已修复。")                                                                   \
    X(TOO_SMALL, "too_small", "Left as it was: it is smaller than asked for.", "未处理：人脸小于设定的大小。")         \
    X(LOW_SCORE, "low_score", "Left as it was: it may be no face.", "未处理：可能不是人脸。")                          \
    X(NOT_CHOSEN, "not_chosen", "Left as it was: only larger faces were asked for.", "未处理：只选择了较大的人脸。")   \
    X(CHOSEN_OFF, "chosen_off", "Left as it was: its strength is 0.", "未处理：该人脸的强度为 0。")                    \
    X(LIKENESS, "likeness", "Left as it was: it would have become somebody else.", "未处理：修复后会变得不像本人。")   \
    X(NO_PLACE, "no_place", "Failed: its eyes, nose and mouth were not found where a face has them.",                  \
      "失败：无法确定五官位置。")                                                                                      \
    X(NOT_FINITE, "not_finite", "Failed: the model gave no usable numbers for it.", "失败：模型输出无效。")

typedef enum gpen_face_state {
#define GPEN_FACE_STATE_ENUM(identifier, name, english, chinese) GPEN_FACE_##identifier,
    GPEN_FACE_STATE_LIST(GPEN_FACE_STATE_ENUM)
#undef GPEN_FACE_STATE_ENUM
        GPEN_FACE_STATE_COUNT
} gpen_face_state;

GPEN_API const char *gpen_face_state_name(gpen_face_state state);                             /* static, never NULL */
GPEN_API const char *gpen_face_state_sentence(gpen_face_state state, gpen_language language); /* static, never NULL */

/* One face of a photo; coordinates in pixels of the photo, from its upper left corner. */
typedef struct gpen_face {
    float box[4]; /* left, top, right, bottom; may reach beyond the photo */
    float score;  /* the detector's probability, 0..1 */
    float
        landmarks[5]
                 [2]; /* x, y of the person's right eye, left eye, nose, right and left corner of the mouth, as seen */
    gpen_face_state state;
    double seconds; /* that restoring it took */
    int strength; /* as used, 0..100: what was asked for, or less where the likeness guard lowered it; 0 unless RESTORED */
    float likeness; /* of the restored face to the photo's, 0..1; -1: not measured */
} gpen_face;

typedef struct gpen_faces {
    gpen_face *faces; /* best score first */
    size_t count;
} gpen_faces;

/* Releases and zeroes. NULL and zeroed ones are fine. */
GPEN_API void gpen_faces_free(gpen_faces *faces);

/* Finds the faces of a photo (any size from 32x32, 1 to 4 channels, 8 or 16 bits) with a score above least_score
 * (0.02..1); all in state FOUND. Photos with an edge over 1500 px are reduced to 1000 px for this. A photo without a face is no
 * error. Release with gpen_faces_free.
 * Errors: MODEL_MISSING (no detector), BAD_ARGUMENT, OUT_OF_MEMORY.
 * Source: RetinaFace (Deng et al., CVPR 2020). */
GPEN_API gpen_status gpen_detect(gpen_model *model, const gpen_image *photo, float least_score, gpen_faces *faces,
                                 gpen_error *error);

/* What a photo is like, as far as that says which look suits it. docs/PRESETS.md has the measures and their sources. */
typedef enum gpen_reason {
    GPEN_REASON_NOISE = 1,      /* noisy or grainy */
    GPEN_REASON_BLUR = 2,       /* the faces are blurred, or the photo where it has none */
    GPEN_REASON_COMPRESSED = 4, /* a strongly compressed JPEG, now or once */
    GPEN_REASON_FADED = 8,      /* little left between its darkest and its lightest parts */
    GPEN_REASON_CAST = 16,      /* its white is coloured */
    GPEN_REASON_GREY = 32,      /* black and white, or toned in one colour */
    GPEN_REASON_SMALL = 64,     /* its largest face is small */
    GPEN_REASON_ALL = 127
} gpen_reason;

/* What was chosen for a photo, and why. */
typedef struct gpen_choice {
    gpen_preset preset; /* AUTO: nothing was chosen */
    int reasons;        /* gpen_reason bits that had a say; none: nothing is wrong with the photo */
    int denoise;        /* more than the preset's own, fitted to the photo; 0: as the preset has it */
    float noise;        /* standard deviation of luminance, of 255 */
    float blur;         /* 0 (sharp) .. 1, of the largest face or the middle of the photo */
    int quality;        /* of JPEG, 1..100: from the file, or guessed from its blocks; 0: no trace of it */
    float range;        /* from the darkest to the lightest part, 0..1 */
    float cast;         /* how coloured the lightest parts are, 0..1 */
    int face;           /* pixels of the largest face's shorter side; 0: no face */
} gpen_choice;

/* Chooses what suits the photo: *settings, whose preset is AUTO, get mode, strength and controls, but those held, and the preset they
 * come from. jpeg_quality: of the file that the photo was read from, 1..100; 0: not known, and it is guessed from the pixels. Finds
 * the photo's faces once; a model without a detector does without. Errors: BAD_ARGUMENT, OUT_OF_MEMORY. */
GPEN_API gpen_status gpen_choose(gpen_model *model, const gpen_image *photo, int jpeg_quality, gpen_settings *settings,
                                 gpen_choice *choice, gpen_error *error);

/* What gpen_choose does to settings when it has chosen: for others of the same photo. The choice is not AUTO. */
GPEN_API void gpen_settings_take_choice(gpen_settings *settings, gpen_choice *choice);

/* One sentence: what was chosen and why. Always terminated; "" when nothing was chosen. */
enum { GPEN_CHOICE_BYTES = 400 };
GPEN_API void gpen_choice_sentence(const gpen_choice *choice, gpen_language language, char text[GPEN_CHOICE_BYTES]);

/* Restores the faces of a whole photo: each is found, aligned by its landmarks, restored, and pasted back through a soft mask;
 * where two masks overlap the stronger wins. Then the photo is finished: denoise, sharpen and the like. *restored has the photo's
 * size, channels and bits. Alpha is the photo's; so is every sample outside the masks when no control for the whole photo is
 * on (in mode strong one is). Release it with gpen_image_free. faces (may be NULL) says what became of each face; release with
 * gpen_faces_free. A face whose landmarks or restored numbers make no sense is left as it was
 * and costs the others nothing.
 * Errors: MODEL_MISSING (no detector or restorer), BAD_ARGUMENT, OUT_OF_MEMORY. */
GPEN_API gpen_status gpen_enhance(gpen_model *model, const gpen_image *photo, const gpen_settings *settings,
                                  gpen_image *restored, gpen_faces *faces, gpen_error *error);

/* ---------------------------------------------------------------- trying looks
 *
 *     gpen_session_open(&session, model, &photo, &error);
 *     gpen_session_run(session, &settings, &error);                                the networks: seconds
 *     settings.strength = 60;
 *     gpen_session_render(session, &settings, 1600, &preview, NULL, &error);       none: a fraction of one
 *     gpen_session_close(session);
 */

/* A photo with its faces as the networks left them: aligned, restored, masked. */
typedef struct gpen_session gpen_session;

/* Keeps a copy of the photo. The model must stay open as long as the session, and is used by one of them at a time.
 * *session is NULL on failure; release with gpen_session_close. Errors: MODEL_MISSING (no detector or restorer),
 * BAD_ARGUMENT, OUT_OF_MEMORY. */
GPEN_API gpen_status gpen_session_open(gpen_session **session, gpen_model *model, const gpen_image *photo,
                                       gpen_error *error);

/* Finds the photo's faces, and restores those that the settings choose and that are not restored yet. Mode strong restores from
 * a photo without its noise and so needs faces of its own. Errors: BAD_ARGUMENT, OUT_OF_MEMORY. */
GPEN_API gpen_status gpen_session_run(gpen_session *session, const gpen_settings *settings, gpen_error *error);

/* Makes the result as gpen_enhance would, without the networks. edge 0: at full size, and then it is gpen_enhance's bit for
 * bit. Otherwise as it looks with its longer edge reduced to that many pixels (64 and up; never enlarged): a preview.
 * A face that the settings choose but no run has restored is left as it was, in state FOUND. faces may be NULL; in pixels of
 * the whole photo. Release both. Errors: BAD_ARGUMENT (also: not run yet), OUT_OF_MEMORY. */
GPEN_API gpen_status gpen_session_render(gpen_session *session, const gpen_settings *settings, int edge,
                                         gpen_image *result, gpen_faces *faces, gpen_error *error);

/* Takes everything back. NULL is fine. */
GPEN_API void gpen_session_close(gpen_session *session);

/* The bare network, for programs that bring their own pixels: planar RGB floats in -1..1, [3][size][size], to the same,
 * unclamped. input and output may be the same array. */
GPEN_API gpen_status gpen_model_run(gpen_model *model, const float *input, float *output, gpen_error *error);

#ifdef __cplusplus
}
#endif
#endif

/* Sentences about settings. Their own file because they are for people to read and correct. */
#include "http/settings_words.h"

#include <string.h>

/* X(name, English, Chinese) */
#define SETTING_WORDS_LIST(X)                                                                                          \
    X(preset, "Settings that go together, or auto: each photo is measured and gets its own.",                          \
      "一组搭配好的设置；auto 会测量每张照片并分别选择。")                                                             \
    X(held, "With preset auto: which settings stay as they are, as bits.", "使用 auto 预设时保持不变的设置（按位）。") \
    X(mode, "What a restored face brings into the photo.", "修复后的人脸以何种方式融入照片。")                         \
    X(strength, "0 leaves the faces as they came, 100 shows the restored ones.",                                       \
      "0 保留原来的人脸，100 完全采用修复后的人脸。")                                                                  \
    X(denoise, "Takes grain and noise out of the whole photo.", "去除整张照片的颗粒和噪点。")                          \
    X(sharpen, "Makes edges in the whole photo crisper.", "让整张照片的边缘更清晰。")                                  \
    X(contrast, "More or less difference between light and dark.", "增强或减弱明暗差别。")                             \
    X(brightness, "Makes the photo lighter or darker.", "让照片更亮或更暗。")                                          \
    X(skin_protect, "Holds the colour of skin to that of the original.", "保持原照片的肤色。")                         \
    X(detail_boost, "Brings out eyes, brows, lips and hair.", "突出眼睛、眉毛、嘴唇和头发的细节。")                    \
    X(fading, "Undoes the fading and the cast of old prints.", "还原老照片褪色和偏色。")                               \
    X(dust, "Takes away thin scratches and specks outside faces.", "去除人脸以外的细划痕和斑点。")                     \
    X(likeness, "Leaves a face as it was when it would become somebody else.",                                         \
      "如果修复后会变得不像本人，则保留原来的人脸。")                                                                  \
    X(faces, "Which faces: all, the largest, or so many of the largest.",                                              \
      "处理哪些人脸：全部、最大的一张，或最大的若干张。")                                                              \
    X(min_face, "Leaves smaller faces as they are, in pixels.", "小于该像素数的人脸保持原样。")                        \
    X(min_score, "How sure it must be that something is a face.", "判定为人脸所需的把握。")                            \
    X(face_strength, "A strength of its own for a face.", "为单张人脸单独设置强度。")                                  \
    X(face_off, "Faces that stay as they are.", "保持原样的人脸。")                                                    \
    X(format, "The kind of file of the results.", "结果的文件格式。")                                                  \
    X(quality, "Of JPEG and WebP; higher is better and larger.", "JPEG 和 WebP 的质量，越高越好，文件也越大。")        \
    X(max_edge, "Reduces larger results to this longest side, in pixels.", "将过大的结果缩小到该最长边（像素）。")     \
    X(aligned, "Each photo is one face, cut out already.", "每张照片就是一张裁好的人脸。")                             \
    X(require_face, "A photo without a face fails.", "没有人脸的照片算作失败。")                                       \
    X(save_faces, "Saves each face as a picture of its own too.", "另外把每张人脸单独保存为图片。")

typedef struct words {
    const char *name, *sentence[2];
} words;

static const words rows[] = {
#define WORDS_ROW(name, english, chinese) {#name, {english, chinese}},
    SETTING_WORDS_LIST(WORDS_ROW)
#undef WORDS_ROW
};

const char *setting_words(const char *name, gpen_language language)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, name))
            return rows[i].sentence[language];
    return "";
}

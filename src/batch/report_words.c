/* What the page says, in English and Chinese. Its own file so that both languages stand side by side. */
#include <string.h>

#include "batch/report_room.h"

static const report_words words[] = {
    [GPEN_ENGLISH] = {.tag = "en",
                      .title = "gpen report",
                      .interrupted =
                          "The work was stopped before its end. The same command continues where it stopped.",
                      .states = {"waiting", "being worked on", "done", "failed", "cancelled"},
                      .there = "there already",
                      .photos = "in all",
                      .restored = "faces restored",
                      .faceless = "without a face",
                      .each = "a photo",
                      .reasons = "Why photos failed",
                      .failed = "Failed photos",
                      .others = "Photos",
                      .settings = "Settings and models",
                      .before = "before",
                      .after = "after",
                      .advice = "What to do: ",
                      .detail = "Details: ",
                      .no_face = "No face was found; the photo is as it was but for the whole picture's settings.",
                      .attempts = "attempts",
                      .result = "Result: ",
                      .copy = "The photo itself was put there: ",
                      .folder = "Results in ",
                      .made = "Report of ",
                      .pictures_left_out = "There was no room for the small pictures of all photos.",
                      .altered =
                          "Faces in the results were altered by a neural network: details may differ from the person.",
                      .keep = "as the photo"},
    [GPEN_CHINESE] = {.tag = "zh-CN",
                      .title = "gpen 报告",
                      .interrupted = "处理在完成前已停止。再次运行同一命令即可继续。",
                      .states = {"等待中", "处理中", "完成", "失败", "已取消"},
                      .there = "已存在",
                      .photos = "总数",
                      .restored = "已修复人脸",
                      .faceless = "无人脸",
                      .each = "每张照片",
                      .reasons = "失败原因",
                      .failed = "失败的照片",
                      .others = "照片",
                      .settings = "设置与模型",
                      .before = "修复前",
                      .after = "修复后",
                      .advice = "处理办法：",
                      .detail = "详细信息：",
                      .no_face = "未找到人脸；除整图设置外，照片保持原样。",
                      .attempts = "次尝试",
                      .result = "结果：",
                      .copy = "原照片已放入：",
                      .folder = "结果文件夹：",
                      .made = "报告时间：",
                      .pictures_left_out = "小图过多，部分照片未附小图。",
                      .altered = "结果中的人脸经神经网络修改：细节可能与本人不同。",
                      .keep = "与原照片相同"},
};

const report_words *report_words_in(gpen_language language)
{
    return &words[language == GPEN_CHINESE];
}

/* Names as a receipt has them; one that is not here is shown as it is. */
const char *report_setting_name(const char *key, gpen_language language)
{
    static const struct {
        const char *key, *english, *chinese;
    } names[] = {{"Restorer", "Model", "模型"},
                 {"RestorerSHA256", "Model's SHA-256", "模型 SHA-256"},
                 {"Detector", "Finds the faces", "人脸检测模型"},
                 {"DetectorSHA256", "Its SHA-256", "其 SHA-256"},
                 {"Parser", "Finds their edges", "人脸解析模型"},
                 {"ParserSHA256", "Its SHA-256", "其 SHA-256"},
                 {"Mode", "Mode", "模式"},
                 {"Strength", "Strength", "强度"},
                 {"FaceStrengths", "Strength of single faces", "单张人脸强度"},
                 {"LikenessGuard", "Likeness guard", "相似度保护"},
                 {"Denoise", "Denoise", "降噪"},
                 {"Sharpen", "Sharpen", "锐化"},
                 {"Contrast", "Contrast", "对比度"},
                 {"Brightness", "Brightness", "亮度"},
                 {"SkinProtect", "Skin protection", "肤色保护"},
                 {"DetailBoost", "Detail boost", "细节增强"},
                 {"Fading", "Fading undone", "褪色修复"},
                 {"Dust", "Dust and scratches", "除尘去划痕"},
                 {"Precision", "Precision", "精度"},
                 {"Level", "Instructions", "指令集"},
                 {"Format", "Format", "格式"},
                 {"Quality", "Quality", "质量"},
                 {"MaxEdge", "Longest edge", "最长边"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i].key, key))
            return language == GPEN_CHINESE ? names[i].chinese : names[i].english;
    return key;
}

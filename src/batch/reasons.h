/* reasons.h: what may be said of a photo that failed, beyond the sentences of gpen.h.
 *
 * A reason is a gpen_status. Its name and its sentences stand in GPEN_STATUS_LIST, once for the whole program; the list here
 * says which of them an item of a batch can fail with, whether trying again may help, and what a person can do. */
#ifndef GPEN_BATCH_REASONS_H
#define GPEN_BATCH_REASONS_H

#include <stdbool.h>

#include <gpen.h>

/* The closed list. X(IDENTIFIER, may pass when tried again, what to do in English, in Chinese); "": there is nothing to do. */
#define REASON_LIST(X)                                                                                                 \
    X(BAD_ARGUMENT, false, "Change the setting that is named, then retry.", "请修改所指出的设置，然后重试。")          \
    X(UNREADABLE, false, "Open it in another program; if it is damaged there too, copy it from its source again.",     \
      "请用其他程序打开检查；如果同样损坏，请从来源重新复制。")                                                        \
    X(UNSUPPORTED_FORMAT, false, "Save it as JPEG, PNG, WebP or TIFF first.", "请先另存为 JPEG、PNG、WebP 或 TIFF。")  \
    X(TOO_LARGE, false, "Reduce it first, or raise the limit.", "请先缩小图片，或提高限制。")                          \
    X(INPUT_MISSING, false, "Put the file back or allow reading it, then retry.",                                      \
      "请恢复文件或开放读取权限，然后重试。")                                                                          \
    X(NO_FACE, false, "Allow photos without a face, or choose another photo.", "请允许没有人脸的照片，或换一张照片。") \
    X(OUT_OF_MEMORY, true, "Close other programs or use fewer workers, then retry.",                                   \
      "请关闭其他程序或减少进程数，然后重试。")                                                                        \
    X(CRASHED, true, "Retry; if it happens again, please report it with the photo.",                                   \
      "请重试；如果再次发生，请连同照片一起反馈。")                                                                    \
    X(TIMED_OUT, true, "Raise the time limit, then retry.", "请提高时间限制，然后重试。")                              \
    X(GIVEN_UP, false, "Please report it with the photo; retry after an update.",                                      \
      "请连同照片一起反馈；更新程序后再重试。")                                                                        \
    X(MODEL_MISSING, false, "Install the model, then retry.", "请安装模型，然后重试。")                                \
    X(MODEL_INVALID, false, "Install the model again, then retry.", "请重新安装模型，然后重试。")                      \
    X(DEVICE_LOST, false, "Restart the computer or use the processor instead, then retry.",                            \
      "请重启电脑，或改用处理器计算，然后重试。")                                                                      \
    X(WRITE_FAILED, false, "Check that the output folder is there and may be written to, then retry.",                 \
      "请确认输出文件夹存在且可写入，然后重试。")                                                                      \
    X(DISK_FULL, false, "Make room on the disk, then retry.", "请清理磁盘空间，然后重试。")                            \
    X(FETCH_REFUSED, false, "Save the picture on this computer and add it from there.",                                \
      "请将图片保存到本机后再添加。")                                                                                  \
    X(FETCH_FAILED, true, "Check the network and the server at that address, then retry.",                             \
      "请检查网络以及该地址的服务器，然后重试。")                                                                      \
    X(CANCELLED, false, "", "")                                                                                        \
    X(EXISTS, false, "Move the older result away or allow overwriting, then retry.",                                   \
      "请移走旧结果，或允许覆盖，然后重试。")

/* Is it in the list? */
bool reason_known(gpen_status reason);

/* May the same photo come out well when it is tried again as it is? False outside the list. */
bool reason_may_pass(gpen_status reason);

/* What to do about it, a sentence; "" when there is nothing, and outside the list. Static UTF-8. */
const char *reason_advice(gpen_status reason, gpen_language language);

/* The reason with this name, as gpen_status_name gives it. False, and *reason untouched: no reason is called so. */
bool reason_find(const char *name, gpen_status *reason);

#endif

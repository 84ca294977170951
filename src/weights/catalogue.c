/* The published models: where they are, and what is known of them. Its own file because it is facts, which change when
 * their publishers do.
 *
 * Names and licences are the publishers'. GPEN's networks are from Alibaba DAMO's own downloads and ModelScope, the 512 px one
 * also as a copy among video-retalking's releases; the detectors and the parser are from facexlib's releases, with copies
 * among CodeFormer's. A length or a SHA-256 stands here only where a published one was found. */
#include <string.h>

#include "weights/private.h"

#define VIGEN           "https://public-vigen-video.oss-cn-shanghai.aliyuncs.com/robin/models/"
#define PORTRAIT_HIRES  "https://www.modelscope.cn/models/damo/cv_gpen_image-portrait-enhancement-hires/resolve/master/"
#define VIDEO_RETALKING "https://github.com/vinthony/video-retalking/releases/download/v0.0.1/"
#define FACEXLIB        "https://github.com/xinntao/facexlib/releases/download/"
#define CODEFORMER      "https://github.com/sczhou/CodeFormer/releases/download/v0.1.0/"

#define DAMO "research, non-commercial (Alibaba DAMO)"

#define ADDRESSES(...) ((const char *const[]){__VA_ARGS__, NULL})

static const published_model models[] = {
    {
        .name = "GPEN-BFR-512",
        .file = "GPEN-BFR-512.pth",
        .kind = "restorer",
        .size = 512,
        .purpose = "restores faces",
        .license = DAMO,
        .addresses = ADDRESSES(VIGEN "GPEN-BFR-512.pth", VIDEO_RETALKING "GPEN-BFR-512.pth"),
    },
    {
        .name = "GPEN-BFR-256",
        .file = "GPEN-BFR-256.pth",
        .kind = "restorer",
        .size = 256,
        .purpose = "restores faces",
        .license = DAMO,
        .addresses = ADDRESSES(VIGEN "GPEN-BFR-256.pth"),
    },
    {
        .name = "GPEN-BFR-1024",
        .file = "pytorch_model.pt",
        .kind = "restorer",
        .size = 1024,
        .purpose = "restores faces",
        .license = DAMO,
        .addresses = ADDRESSES(PORTRAIT_HIRES "pytorch_model.pt"),
    },
    {
        .name = "GPEN-BFR-2048",
        .file = "pytorch_model-2048.pt",
        .kind = "restorer",
        .size = 2048,
        .purpose = "restores faces",
        .license = DAMO,
        .addresses = ADDRESSES(PORTRAIT_HIRES "pytorch_model-2048.pt"),
    },
    {
        .name = "GPEN-Colorization-1024",
        .file = "GPEN-Colorization-1024.pth",
        .kind = "restorer",
        .size = 1024,
        .purpose = "colours grey faces",
        .license = DAMO,
        .addresses = ADDRESSES(VIGEN "GPEN-Colorization-1024.pth"),
    },
    {
        .name = "GPEN-Inpainting-1024",
        .file = "GPEN-Inpainting-1024.pth",
        .kind = "restorer",
        .size = 1024,
        .purpose = "fills gaps in faces",
        .license = DAMO,
        .addresses = ADDRESSES(VIGEN "GPEN-Inpainting-1024.pth"),
    },
    {
        .name = "RetinaFace-R50",
        .file = "detection_Resnet50_Final.pth",
        .kind = "detector",
        .purpose = "finds faces",
        .license = "MIT",
        .bytes = 109497761,
        .sha256 = "6d1de9c2944f2ccddca5f5e010ea5ae64a39845a86311af6fdf30841b0a5a16d",
        .addresses =
            ADDRESSES(FACEXLIB "v0.1.0/detection_Resnet50_Final.pth", CODEFORMER "detection_Resnet50_Final.pth"),
    },
    {
        .name = "RetinaFace-MobileNet0.25",
        .file = "detection_mobilenet0.25_Final.pth",
        .kind = "detector",
        .purpose = "finds faces, fast",
        .license = "MIT",
        .sha256 = "2979b33ffafda5d74b6948cd7a5b9a7a62f62b949cef24e95fd15d2883a65220",
        .addresses = ADDRESSES(FACEXLIB "v0.1.0/detection_mobilenet0.25_Final.pth"),
    },
    {
        .name = "ParseNet",
        .file = "parsing_parsenet.pth",
        .kind = "parser",
        .purpose = "finds a face's edge",
        .license = "MIT",
        .bytes = 85331193,
        .sha256 = "3d558d8d0e42c20224f13cf5a29c79eba2d59913419f945545d8cf7b72920de2",
        .addresses = ADDRESSES(FACEXLIB "v0.2.2/parsing_parsenet.pth", CODEFORMER "parsing_parsenet.pth"),
    },
    {
        .name = "RealESRNet-x2",
        .file = "realesrnet_x2.pth",
        .kind = "upscaler",
        .purpose = "doubles whole photos",
        .license = DAMO,
        .addresses = ADDRESSES(VIGEN "realesrnet_x2.pth"),
    },
    {
        .name = "RealESRNet-x4",
        .file = "realesrnet_x4.pth",
        .kind = "upscaler",
        .purpose = "quadruples whole photos",
        .license = DAMO,
        .addresses = ADDRESSES(VIGEN "realesrnet_x4.pth"),
    },
};

enum { MODEL_COUNT = sizeof models / sizeof *models };

const published_model *published_models(size_t *count)
{
    *count = MODEL_COUNT;
    return models;
}

const published_model *published_find(const char *name)
{
    for (size_t i = 0; i < MODEL_COUNT; i++)
        if (!strcmp(models[i].name, name))
            return &models[i];
    return NULL;
}

bool published_usable(const published_model *model)
{
    return strcmp(model->kind, "upscaler") != 0;
}

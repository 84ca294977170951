"""RetinaFace on a MobileNet body as a PyTorch module, for training: its state dict carries the published tensor names, which
the program reads (src/models/retinaface.c takes every width from the file)."""
import torch
import torch.nn as nn
import torch.nn.functional as F

STRIDES, ANCHORS = (8, 16, 32), ((16, 32), (64, 128), (256, 512))
TEACHER_ANCHORS = ((10, 20), (32, 64), (128, 256))
VARIANCES = (0.1, 0.2)
MEAN_BGR = (104.0, 117.0, 123.0)
SLOPE = 0.1                                   # of every leaky ReLU; the program's rule for pyramids of up to 64 channels

# (outputs, stride) of each depthwise layer; stage 1 begins with a plain convolution of BODY_FIRST channels
BODY_FIRST = 8
BODY = (((16, 1), (32, 2), (32, 1), (64, 2), (64, 1)),
        ((128, 2), (128, 1), (128, 1), (128, 1), (128, 1), (128, 1)),
        ((256, 2), (256, 1)))
PYRAMID = 64


def conv_norm(inputs, outputs, kernel=3, stride=1, active=True):
    parts = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*parts, *([nn.LeakyReLU(SLOPE, inplace=True)] if active else []))


def separable(inputs, outputs, stride):
    return nn.Sequential(nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False), nn.BatchNorm2d(inputs),
                         nn.LeakyReLU(SLOPE, inplace=True), nn.Conv2d(inputs, outputs, 1, bias=False),
                         nn.BatchNorm2d(outputs), nn.LeakyReLU(SLOPE, inplace=True))


class Body(nn.Module):
    def __init__(self, first, stages):
        super().__init__()
        inputs = first
        for number, layers in enumerate(stages, 1):
            parts = [conv_norm(3, first, stride=2)] if number == 1 else []
            for outputs, stride in layers:
                parts.append(separable(inputs, outputs, stride))
                inputs = outputs
            setattr(self, f"stage{number}", nn.Sequential(*parts))

    def forward(self, x):
        maps = []
        for stage in (self.stage1, self.stage2, self.stage3):
            x = stage(x)
            maps.append(x)
        return maps


class Pyramid(nn.Module):
    def __init__(self, widths, width):
        super().__init__()
        for number, inputs in enumerate(widths, 1):
            setattr(self, f"output{number}", conv_norm(inputs, width, 1))
        self.merge1 = conv_norm(width, width)
        self.merge2 = conv_norm(width, width)

    def forward(self, maps):
        fine, middle, coarse = self.output1(maps[0]), self.output2(maps[1]), self.output3(maps[2])
        middle = self.merge2(middle + F.interpolate(coarse, size=middle.shape[2:], mode="nearest"))
        fine = self.merge1(fine + F.interpolate(middle, size=fine.shape[2:], mode="nearest"))
        return fine, middle, coarse


class Context(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv3X3 = conv_norm(width, width // 2, active=False)
        self.conv5X5_1 = conv_norm(width, width // 4)
        self.conv5X5_2 = conv_norm(width // 4, width // 4, active=False)
        self.conv7X7_2 = conv_norm(width // 4, width // 4)
        self.conv7x7_3 = conv_norm(width // 4, width // 4, active=False)

    def forward(self, x):
        shared = self.conv5X5_1(x)
        return F.relu(torch.cat([self.conv3X3(x), self.conv5X5_2(shared), self.conv7x7_3(self.conv7X7_2(shared))], 1))


class Head(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        self.width = width
        self.conv1x1 = nn.Conv2d(inputs, 2 * width, 1)

    def forward(self, x):
        return self.conv1x1(x).permute(0, 2, 3, 1).reshape(x.shape[0], -1, self.width)


class RetinaFace(nn.Module):
    def __init__(self, first=BODY_FIRST, stages=BODY, width=PYRAMID):
        super().__init__()
        self.body = Body(first, stages)
        self.fpn = Pyramid([layers[-1][0] for layers in stages], width)
        self.ssh1, self.ssh2, self.ssh3 = Context(width), Context(width), Context(width)
        self.BboxHead = nn.ModuleList(Head(width, 4) for _ in STRIDES)
        self.ClassHead = nn.ModuleList(Head(width, 2) for _ in STRIDES)
        self.LandmarkHead = nn.ModuleList(Head(width, 10) for _ in STRIDES)

    def forward(self, x):
        """x: [N,3,H,W] BGR minus MEAN_BGR -> boxes [N,A,4], class logits [N,A,2], landmarks [N,A,10], as raw offsets."""
        maps = [part(m) for part, m in zip((self.ssh1, self.ssh2, self.ssh3), self.fpn(self.body(x)))]
        return tuple(torch.cat([head(m) for head, m in zip(heads, maps)], 1)
                     for heads in (self.BboxHead, self.ClassHead, self.LandmarkHead))


def load_teacher(path):
    """The published detector of ../shared/weights, to be asked, not trained.

    Its tensors are those of RetinaFace-MobileNet0.25, but it was trained with plain ReLU and with TEACHER_ANCHORS. Read so, the
    anchors that see one portrait agree about its box within a pixel of 106; with the slope and the anchors of the usual
    RetinaFace they disagree by tens of pixels, and boxes and landmarks come out twice too large."""
    state = torch.load(path, map_location="cpu")
    net = RetinaFace()
    for part in net.modules():
        if isinstance(part, nn.LeakyReLU):
            part.negative_slope = 0.0
    net.load_state_dict({k[7:] if k.startswith("module.") else k: v for k, v in state.items()})
    return net.eval().to(memory_format=torch.channels_last)

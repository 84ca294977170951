"""The faces that the detector is trained on: the synthetic portraits of ../shared/faces with labels that the published detector
gives them.

Asked once, that detector is loose: its landmarks move by some per cent of the eyes' distance with a face's size and place. It is
therefore asked about each portrait at several sizes, angles and mirrored, each answer is carried back to the portrait, and the
median of those that agree is the label."""
import glob
import json
import os
import random

import cv2
import numpy as np
import torch

from retinaface_net import ANCHORS, MEAN_BGR, STRIDES, TEACHER_ANCHORS, VARIANCES, load_teacher

HELD_OUT = 40
# side of the portrait in the view, angle, mirrored; faces fill about half of a portrait
VIEWS = tuple((side, angle, mirrored) for side in (96, 128, 176, 240) for angle in (0, -12, 12) for mirrored in (False, True))
SWAP = [1, 0, 2, 4, 3]                        # eyes and corners of the mouth change places in a mirror


def face_files(shared, held_out):
    """The first HELD_OUT of the shuffled files are kept from every training."""
    files = sorted(glob.glob(os.path.join(shared, "faces", "*.jpg")))
    if len(files) <= HELD_OUT:
        raise SystemExit(f"{shared}/faces holds {len(files)} portraits; is --shared right?")
    random.Random(7).shuffle(files)
    return files[:HELD_OUT] if held_out else files[HELD_OUT:]


def anchors(height, width, sizes_of=ANCHORS):
    """[A,4] centre x, centre y, width, height in pixels, in the order of the network's outputs."""
    out = []
    for step, sizes in zip(STRIDES, sizes_of):
        ys, xs = np.mgrid[0:-(-height // step), 0:-(-width // step)]
        centres = np.stack([(xs + .5) * step, (ys + .5) * step], -1).reshape(-1, 1, 2).repeat(len(sizes), 1)
        extents = np.broadcast_to(np.array(sizes, np.float64)[None, :, None], centres.shape)
        out.append(np.concatenate([centres, extents], -1).reshape(-1, 4))
    return np.concatenate(out).astype(np.float32)


def to_tensor(pictures):
    """uint8 BGR [N,H,W,3] -> the network's input."""
    x = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() - torch.tensor(MEAN_BGR)[None, :, None, None]
    return x.contiguous(memory_format=torch.channels_last)


def decode(boxes, marks, prior):
    """Raw offsets (numpy) at anchors -> boxes x1 y1 x2 y2 and landmarks [.,5,2], in pixels."""
    centre = prior[:, :2] + boxes[:, :2] * VARIANCES[0] * prior[:, 2:]
    extent = prior[:, 2:] * np.exp(boxes[:, 2:] * VARIANCES[1])
    points = prior[:, None, :2] + marks.reshape(-1, 5, 2) * VARIANCES[0] * prior[:, None, 2:]
    return np.concatenate([centre - extent / 2, centre + extent / 2], 1), points


def detect(net, picture, least=0.8, overlap=0.4, sizes_of=ANCHORS):
    """[(score, box, landmarks)], the best first."""
    with torch.no_grad():
        boxes, logits, marks = net(to_tensor(picture[None]))
    scores = torch.softmax(logits[0], 1)[:, 1].numpy()
    keep = np.flatnonzero(scores > least)
    keep = keep[np.argsort(-scores[keep])]
    boxes, points = decode(boxes[0].numpy()[keep], marks[0].numpy()[keep], anchors(*picture.shape[:2], sizes_of)[keep])
    found = []
    for score, box, mark in zip(scores[keep], boxes, points):
        if all(iou(box[None], other[None])[0, 0] <= overlap for _, other, _ in found):
            found.append((float(score), box, mark))
    return found


def iou(a, b):
    """[A,4] against [B,4] -> [A,B]."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    inner = np.clip(high - low, 0, None).prod(2)
    areas = [(t[:, 2:] - t[:, :2]).prod(1) for t in (a, b)]
    return inner / np.maximum(areas[0][:, None] + areas[1][None] - inner, 1e-9)


def label(teacher, portrait):
    """(box, landmarks) as the median of the teacher's views, in the portrait's pixels; None where few views agree."""
    size, boxes, points = portrait.shape[0], [], []
    for side, angle, mirrored in VIEWS:
        canvas, scale = side + 64, side / size
        m = cv2.getRotationMatrix2D((size / 2, size / 2), angle, scale)
        m[:, 2] += canvas / 2 - size / 2
        # a portrait is made smaller with its own blur, or its detail would turn into noise
        small = cv2.GaussianBlur(portrait, (0, 0), .45 / scale) if scale < .7 else portrait
        view = cv2.warpAffine(small, m, (canvas, canvas), borderMode=cv2.BORDER_REPLICATE)
        found = detect(teacher, view[:, ::-1] if mirrored else view, .9, sizes_of=TEACHER_ANCHORS)
        if not found:
            continue
        _, box, mark = max(found, key=lambda f: (f[1][2:] - f[1][:2]).prod())
        if mirrored:
            box, mark = np.array([canvas - 1, 0, canvas - 1, 0]) - box * [1, -1, 1, -1], [canvas - 1, 0] - mark * [1, -1]
            box, mark = box[[2, 1, 0, 3]], mark[SWAP]
        back = cv2.invertAffineTransform(m)
        points.append(mark @ back[:, :2].T + back[:, 2])
        if angle == 0:
            boxes.append((box.reshape(2, 2) @ back[:, :2].T + back[:, 2]).reshape(4))
    if len(boxes) < 4 or len(points) < 12:
        return None
    points = np.array(points)
    first = np.median(points, 0)
    away = np.abs(points - first).max((1, 2)) / np.linalg.norm(first[1] - first[0])
    return np.median(boxes, 0), np.median(points[away < max(.12, np.median(away))], 0)


def labelled(shared, files, cache):
    """[(portrait, box, landmarks)] of `files`; the labels are kept in `cache`, a JSON file."""
    cv2.setNumThreads(1)
    kept = {}
    if os.path.exists(cache):
        with open(cache) as f:
            kept = json.load(f)
    teacher, out = None, []
    for number, path in enumerate(files):
        name, portrait = os.path.basename(path), cv2.imread(path)
        if name not in kept:
            teacher = teacher or load_teacher(os.path.join(shared, "weights", "retinaface-mobilenet0.25.pth"))
            found = label(teacher, portrait)
            kept[name] = found and [t.tolist() for t in found]
            if number % 50 == 0:
                print(f"labels: {number} of {len(files)} portraits", flush=True)
        if kept[name]:
            out.append((portrait, np.array(kept[name][0]), np.array(kept[name][1])))
    os.makedirs(os.path.dirname(cache) or ".", exist_ok=True)
    with open(cache, "w") as f:
        json.dump(kept, f)
    return out

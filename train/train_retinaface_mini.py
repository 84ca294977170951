"""Train retinaface-mini, the bundled detector, from nothing, on one processor core.

    python3 train/train_retinaface_mini.py [--shared DIR] [--steps N] [--out DIR]

DIR/checkpoint.pth is written as it goes; the same command resumes from it. At the end, DIR/retinaface-mini.pth holds the averaged
weights, which train/to_safetensors.py makes ready for the program. Needs python3-torch, python3-opencv and what
retinaface_backgrounds.py names."""
import argparse
import math
import os
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import face_pictures
from retinaface_backgrounds import Backgrounds
from retinaface_data import Portrait, picture
from retinaface_faces import anchors, detect, decode, face_files, iou, labelled, to_tensor
from retinaface_net import TEACHER_ANCHORS, VARIANCES, RetinaFace, load_teacher

HERE = os.path.dirname(os.path.abspath(__file__))
SHAPES = ((320, 16), (320, 16), (320, 16), (512, 6))      # side and number of pictures of one step after another
MATCH, FORCED = .35, .2                       # overlap from which an anchor is a face's; least of a face's best anchor
NEGATIVES = 7                                 # of the hardest for each anchor that is a face's
NEAR = 1 / 3                                  # offsets under it are smoothed: a thirtieth of the anchor
CERTAIN_SIZE = 24                             # faces from this size on are faces, whether the teacher sees them or not
RATE, WARM_UP, AVERAGED = 2e-3, 300, .998
SEED, CHECK_SEED, CHECKED = 11, 12, 60


def arguments():
    parser = argparse.ArgumentParser(description="Train retinaface-mini.")
    parser.add_argument("--shared", type=face_pictures.find_shared, default="")
    parser.add_argument("--steps", type=int, default=6400)
    parser.add_argument("--out", default=os.path.join(HERE, "..", "build", "train", "retinaface-mini"))
    return parser.parse_args()


def teacher_sees(teacher, x, boxes, size):
    """How sure the teacher is of each face, [F] for every picture of the batch."""
    with torch.no_grad():
        found, logits, marks = (t.numpy() for t in teacher(x))
    prior, out = anchors(size, size, TEACHER_ANCHORS), []
    odds = logits[..., 1] - logits[..., 0]
    for n, faces in enumerate(boxes):
        keep = np.flatnonzero(odds[n] > -2)
        sure = np.zeros(len(faces), np.float32)
        if len(faces) and len(keep):
            there, _ = decode(found[n][keep], marks[n][keep], prior[keep])
            sure = np.where(iou(faces, there) > .4, 1 / (1 + np.exp(-odds[n][keep]))[None], 0).max(1)
        out.append(sure)
    return out


def targets(boxes, marks, certain, sure, prior):
    """For each anchor: how much it is a face (-1: not asked), and the offsets to that face."""
    face = np.zeros(len(prior), np.float32)
    offsets = np.zeros((len(prior), 14), np.float32)
    if not len(boxes):
        return face, offsets
    corners = np.concatenate([prior[:, :2] - prior[:, 2:] / 2, prior[:, :2] + prior[:, 2:] / 2], 1)
    overlap = iou(corners, boxes)
    best, which = overlap.max(1), overlap.argmax(1)
    for number, anchor in enumerate(overlap.argmax(0)):
        if overlap[anchor, number] >= FORCED:
            best[anchor], which[anchor] = 1, number
    extent = boxes[:, 2:] - boxes[:, :2]
    value = np.where(extent.max(1) >= CERTAIN_SIZE, 1, np.where(sure > .9, 1, np.where(sure > .1, sure, -1)))
    value = np.where(certain, value, -1)
    taken = best >= MATCH
    face[taken] = value[which[taken]]
    face[(best > .25) & ~taken & (value[which] < 0)] = -1
    at, box, around = which[taken], boxes[which[taken]], prior[taken]
    centre = (box[:, :2] + box[:, 2:]) / 2
    offsets[taken, :2] = (centre - around[:, :2]) / (VARIANCES[0] * around[:, 2:])
    offsets[taken, 2:4] = np.log(extent[at] / around[:, 2:]) / VARIANCES[1]
    points = marks[at].reshape(-1, 5, 2)
    offsets[taken, 4:] = ((points - around[:, None, :2]) / (VARIANCES[0] * around[:, None, 2:])).reshape(-1, 10)
    return face, offsets


def loss_of(outputs, face, offsets):
    """Cross entropy over the faces' anchors and the hardest others; smooth L1 of boxes and landmarks, summed."""
    boxes, logits, marks = outputs
    entropy = F.log_softmax(logits, 2)
    positive = face > 0
    count = positive.sum(1)
    none = torch.where(face == 0, -entropy[..., 0].detach(), torch.zeros(()))
    hardest = none.argsort(1, descending=True).argsort(1) < (NEGATIVES * count.clamp(min=3))[:, None]
    hardest &= face == 0
    wanted = face.clamp(min=0)
    each = -(wanted * entropy[..., 1] + (1 - wanted) * entropy[..., 0])
    total = max(1, count.sum().item())
    score = each[positive | hardest].sum() / total
    sure = face > .5
    place = F.smooth_l1_loss(boxes[sure], offsets[sure][:, :4], reduction="sum", beta=NEAR) / total
    points = F.smooth_l1_loss(marks[sure], offsets[sure][:, 4:], reduction="sum", beta=NEAR) / total
    return score, place, points


def learning_rate(step, steps):
    """Warm-up, the full rate for the first half, then half a cosine down. So the first half is the same however many steps are to
    follow."""
    left = min(1, 2 * (steps - step) / steps)
    return RATE * min(1, (step + 1) / WARM_UP) * (.01 + .99 * .5 * (1 - math.cos(math.pi * left)))


def batch(number, portraits, backgrounds):
    """The pictures of step `number`: (uint8 [N,S,S,3], boxes, landmarks, certain), each a list but the first."""
    size, count = SHAPES[number % len(SHAPES)]
    made = [picture(portraits, backgrounds, np.random.default_rng([SEED, number, n]), size) for n in range(count)]
    return (np.stack([m[0] for m in made]),) + tuple([m[i] for m in made] for i in (1, 2, 3))


def checked(net, pictures):
    """Recall of faces from 24 px, false finds, and the landmarks' distance over the eyes', on held-out faces at score 0.8."""
    net.eval()
    faces = hits = finds = false = 0
    away = []
    for canvas, boxes, marks, certain in pictures:
        found = detect(net, canvas, .8)
        finds += len(found)
        overlap = iou(np.array([f[1] for f in found]).reshape(-1, 4), boxes)
        false += sum(1 for row in overlap if not len(row) or row.max() < .3)
        for number in range(len(boxes)):
            if not certain[number] or (boxes[number, 2:] - boxes[number, :2]).max() < CERTAIN_SIZE:
                continue
            faces += 1
            if len(found) and overlap[:, number].max() > .4:
                hits += 1
                truth = marks[number].reshape(5, 2)
                points = found[overlap[:, number].argmax()][2]
                away.append(np.linalg.norm(points - truth, axis=1).mean() / np.linalg.norm(truth[1] - truth[0]))
    return hits / max(1, faces), false / max(1, finds), float(np.mean(away)) if away else float("nan")


def main():
    options = arguments()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(SEED)
    os.makedirs(options.out, exist_ok=True)
    backgrounds, cache = Backgrounds(), os.path.join(options.out, "labels.json")
    portraits = [Portrait(*t) for t in labelled(options.shared, face_files(options.shared, False), cache)]
    held_out = [Portrait(*t) for t in labelled(options.shared, face_files(options.shared, True), cache)]
    checks = [picture(held_out, backgrounds, np.random.default_rng([CHECK_SEED, n]), 384) for n in range(CHECKED)]
    teacher = load_teacher(os.path.join(options.shared, "weights", "retinaface-mobilenet0.25.pth"))
    priors = {size: anchors(size, size) for size, _ in SHAPES}

    net = RetinaFace().to(memory_format=torch.channels_last)
    averaged = RetinaFace()
    averaged.load_state_dict(net.state_dict())
    decayed = [p for p in net.parameters() if p.ndim > 1]
    optimiser = torch.optim.AdamW([{"params": decayed}, {"params": [p for p in net.parameters() if p.ndim == 1],
                                                         "weight_decay": 0.0}], lr=RATE, weight_decay=1e-2)
    checkpoint, first = os.path.join(options.out, "checkpoint.pth"), 0
    if os.path.exists(checkpoint):
        saved = torch.load(checkpoint)
        net.load_state_dict(saved["net"])
        averaged.load_state_dict(saved["averaged"])
        optimiser.load_state_dict(saved["optimiser"])
        first = saved["step"]
    print(f"{len(portraits)} portraits, {len(held_out)} held out; {len(backgrounds.pictures)} pictures and "
          f"{len(backgrounds.stamps)} things without people; steps {first} to {options.steps}", flush=True)

    begin, sums = time.time(), np.zeros(4)
    for step in range(first, options.steps):
        rate = learning_rate(step, options.steps)
        for group in optimiser.param_groups:
            group["lr"] = rate
        canvases, boxes, marks, certain = batch(step, portraits, backgrounds)
        size, x = canvases.shape[1], to_tensor(canvases)
        sure = teacher_sees(teacher, x, boxes, size)
        pairs = [targets(*t, priors[size]) for t in zip(boxes, marks, certain, sure)]
        net.train()
        score, place, points = loss_of(net(x), *(torch.from_numpy(np.stack(t)) for t in zip(*pairs)))
        optimiser.zero_grad(set_to_none=True)
        (2 * score + place + points).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10)
        optimiser.step()
        with torch.no_grad():
            keep = min(AVERAGED, (step + 1) / (step + 20))
            for old, new in zip(averaged.state_dict().values(), net.state_dict().values()):
                if old.dtype.is_floating_point:
                    old.mul_(keep).add_(new, alpha=1 - keep)
        sums += score.item(), place.item(), points.item(), 1
        if (step + 1) % 50 == 0:
            s, b, p = sums[:3] / sums[3]
            print(f"{step + 1} {time.time() - begin:.0f} s, loss: score {s:.3f} box {b:.3f} landmarks {p:.3f}", flush=True)
            sums[:] = 0
        if (step + 1) % 500 == 0 or step + 1 == options.steps:
            found, false, away = checked(averaged, checks)
            print(f"{step + 1} held-out faces from {CERTAIN_SIZE} px: {found:.1%} found, {false:.1%} of the finds false, "
                  f"landmarks {away:.1%} of the eyes' distance off", flush=True)
            torch.save({"net": net.state_dict(), "averaged": averaged.state_dict(), "optimiser": optimiser.state_dict(),
                        "step": step + 1}, checkpoint + ".new")
            os.replace(checkpoint + ".new", checkpoint)
    torch.save(averaged.state_dict(), os.path.join(options.out, "retinaface-mini.pth"))


if __name__ == "__main__":
    main()

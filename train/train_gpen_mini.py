"""Train the bundled restorer gpen-mini: a narrow GPEN of 256 px, on a CPU, from the synthetic faces.

    python3 train/train_gpen_mini.py [--shared DIR] [--out build/train/gpen-mini] [--steps 5300]

Writes OUT/model.pth and OUT/checkpoint.pth at every report; run again, it goes on from there. Every step draws
its faces and its damage from the step's own number, so a run that was interrupted sees what an uninterrupted one would have seen.
Then: train/to_safetensors.py makes the bundled file, train/measure_gpen_mini.py says what it reaches."""
import argparse
import math
import os
import time

import cv2
import numpy as np
import torch

import damage
import face_metrics
import face_pictures
import gpen_network

SEED, BATCH, RATE, WATCHED = 3, 4, 4e-3, 12
DECAY_FROM, POLISH_FROM, POLISH_RATE = 0.355, 0.887, 6e-4     # of all steps: the rate is constant, falls to a hundredth, then rises a
                                                              # little once more for a polish with the most detail
BANDS = ((1.0, 4.0), (0.5, 2.0))                              # differences of Gaussians, in px: see face_metrics.detail_band
SHARES, SHARES_LATER, LATER = (0.27, 0.43, 0.30), (0.12, 0.33, 0.55), 700  # light, middling, strong damage: leaving good faces alone
                                                              # is learnt in a few hundred steps, repairing bad ones takes thousands
MORE_DETAIL, MORE_FROM = (0.4, 0.65, 1.0), (0.7, POLISH_FROM)


def tensor(pictures):
    """BGR 0..1 pictures -> [N,3,S,S] RGB -1..1."""
    return torch.from_numpy(np.stack(pictures)[..., ::-1].transpose(0, 3, 1, 2).copy()).float() * 2 - 1


def learning_rate(step, steps):
    part = step / steps
    if part >= POLISH_FROM:
        return POLISH_RATE * (1 - 0.95 * (part - POLISH_FROM) / (1 - POLISH_FROM))
    fallen = max(0.0, (part - DECAY_FROM) / (POLISH_FROM - DECAY_FROM))
    return RATE * min(1.0, (step + 1) / 200) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * fallen)))


def detail_asked_for(step, steps):
    """How much more than the original's, where none is left. Asked for from the beginning, the most would teach noise."""
    return MORE_DETAIL[sum(step >= share * steps for share in MORE_FROM)]


def pairs(faces, step):
    """The damaged and the original faces of one step."""
    rng = np.random.default_rng([SEED, step])
    originals = [face_pictures.varied(faces, gpen_network.SIZE, rng) for _ in range(BATCH)]
    shares = SHARES if step < LATER else SHARES_LATER
    return tensor([damage.random_damage(x, rng, shares) for x in originals]), tensor(originals)


def loss_of(output, original, damaged, more):
    """How far from the original, for each face by itself on a scale where a lightly and a badly damaged face count alike: the
    logarithm of the mean square (what PSNR is), and the missing share of the detail in two bands.

    Least squares answer doubt with blur. So the detail to reach for is the original's and a little more, up to the share `more`, the
    more the less of it the damaged face has left."""
    loss = (output - original).pow(2).mean([1, 2, 3]).add(1e-5).log()
    gain = (1 + more * (1 - face_metrics.recovered_detail(damaged, original).clamp(0, 1)))[:, None, None, None]
    for fine, coarse in BANDS:
        wanted = face_metrics.detail_band(original, fine, coarse)
        missing = face_metrics.detail_band(output, fine, coarse) - gain * wanted
        loss = loss + missing.pow(2).mean([1, 2, 3]) / wanted.pow(2).mean([1, 2, 3]).add(1e-6)
    return loss.mean()


def watched(files):
    """A few held-out faces under the three fixed kinds of damage: {name: (damaged, originals)}."""
    faces = [face_pictures.place(f, gpen_network.SIZE) / 255 for f in face_pictures.read_faces(files[:WATCHED])]
    return {name: (tensor([damage.fixed_damage(x, name, np.random.default_rng([1, i])) for i, x in enumerate(faces)]), tensor(faces))
            for name in damage.RECIPES}


@torch.no_grad()
def report(weights, sets):
    """One line: gain in dB and recovered detail for each kind of damage."""
    network, parts = gpen_network.Network(weights), []
    for name, (damaged, originals) in sets.items():
        out = torch.cat([network(x) for x in damaged.split(BATCH)])
        gain = (face_metrics.psnr(out, originals) - face_metrics.psnr(damaged, originals)).mean()
        parts.append(f"{name} {gain:+.2f} dB detail {face_metrics.recovered_detail(out, originals).mean():.3f}")
    return ", ".join(parts)


def save(thing, path):
    torch.save(thing, path + ".new")
    os.replace(path + ".new", path)


class Training:
    def __init__(self, out):
        self.out = out
        self.weights = gpen_network.initial(SEED)
        self.learned = [name for name in self.weights if gpen_network.trained(name)]
        self.step, self.seconds = 0, 0.0
        saved = None
        if os.path.exists(os.path.join(out, "checkpoint.pth")):
            saved = torch.load(os.path.join(out, "checkpoint.pth"))
            self.weights.update(saved["weights"])
            self.step, self.seconds = saved["step"], saved["seconds"]
        for name in self.learned:
            self.weights[name].requires_grad_(True)
        self.average = {name: v.detach().clone() for name, v in self.weights.items()}
        self.optimiser = torch.optim.Adam([self.weights[name] for name in self.learned], lr=RATE, betas=(0.9, 0.99))
        if saved:
            self.average.update(saved["average"])
            self.optimiser.load_state_dict(saved["optimiser"])

    def advance(self, faces, steps):
        damaged, original = pairs(faces, self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, steps)
        more = detail_asked_for(self.step, steps)
        loss = loss_of(gpen_network.Network(self.weights)(damaged), original, damaged, more)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([self.weights[name] for name in self.learned], 5.0)
        self.optimiser.step()
        self.step += 1
        keep = min(0.998, self.step / (self.step + 10))
        with torch.no_grad():
            for name in self.learned:
                self.average[name].lerp_(self.weights[name], 1 - keep)
        return loss.item()

    def save(self, steps):
        """Until the last step model.pth is an average over the last few hundred: the newest weights are restless while the rate is high.
        At the end the rate is so low that they are calm, and the average would only be older."""
        os.makedirs(self.out, exist_ok=True)
        bare = {name: v.detach() for name, v in self.weights.items()}
        save({"weights": bare, "average": self.average, "optimiser": self.optimiser.state_dict(), "step": self.step, "seconds": self.seconds},
             os.path.join(self.out, "checkpoint.pth"))
        save(self.average if self.step < steps else bare, os.path.join(self.out, "model.pth"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", help="folder with faces/ (default: GPEN_SHARED, or ../shared beside the repository)")
    parser.add_argument("--out", default="build/train/gpen-mini")
    parser.add_argument("--steps", type=int, default=5300)
    parser.add_argument("--every", type=int, default=200, help="steps between reports and checkpoints")
    parser.add_argument("--threads", type=int, default=2)
    a = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(a.threads)
    held, training = face_pictures.face_files(face_pictures.find_shared(a.shared))
    faces, sets = face_pictures.read_faces(training), watched(held)
    t = Training(a.out)
    print(f"{sum(v.numel() for v in t.weights.values()) / 1e6:.1f} M weights, {len(faces)} faces; at step {t.step}: {report(t.average, sets)}", flush=True)
    losses = []
    while t.step < a.steps:
        start = time.time()
        losses.append(t.advance(faces, a.steps))
        t.seconds += time.time() - start
        if t.step % a.every == 0 or t.step == a.steps:
            t.save(a.steps)
            left = t.seconds / t.step * (a.steps - t.step) / 60
            print(f"{t.step}/{a.steps} {t.seconds / 60:.1f} min, {left:.0f} to go, loss {np.mean(losses):.4f}; {report(t.average if t.step < a.steps else t.weights, sets)}", flush=True)
            losses = []


if __name__ == "__main__":
    main()

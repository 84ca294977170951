"""The likeness guard on synthetic faces: it must catch every result that is another person, and let nearly every restoration pass.

    GPEN_SHARED=FOLDER /usr/bin/python3 tests/parity/likeness_parity.py BUILD [--faces N] [--strangers N]

Restorations: N held-out faces in each of the three recipes of train/damage.py, through the program with the bundled models. Strangers:
a test double that answers with another person's face, clean and in the same place; each restoration's crop is given to N of the others,
half of them drawn at random, half the likest there are (same pose, same colours). Exits 1 when a stranger passes as it was asked for, or more than 5 % of the
restorations are changed; 77 when something is not there.

The folder holds several pictures of some persons: pairs whose crops correlate by more than 0.9 in full detail are no strangers."""
import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(ROOT, "train"))
try:
    import cv2
    import numpy as np
    import damage
    import face_pictures
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

SIZE, ASKED, SAME_PERSON, MOST_CHANGED = 256, 80, 0.9, 0.05
MODELS = [os.path.join(ROOT, "assets", "weights", name) for name in ("gpen-mini.safetensors", "retinaface-mini.safetensors")]


def restored_crops(program, pictures, folder):
    """name -> (crop as it came, restored, landmarks in the photo) of each picture with a face, by the program."""
    source, target = os.path.join(folder, "in"), os.path.join(folder, "out")
    os.makedirs(source)
    for name, picture in pictures.items():
        cv2.imwrite(os.path.join(source, name + ".png"), picture)
    command = [program, "enhance", source, "-o", target, "--save-faces", "--mode", "plain", "--strength", "100", "--faces", "1",
               "--json", "--model", MODELS[0], "--detector", MODELS[1]]
    crops = {}
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        item = json.loads(line)
        for number, face in enumerate(item.get("faces", []), 1):
            if face["state"] != "restored":
                continue
            name = os.path.splitext(os.path.basename(item["input"]))[0]
            read = [cv2.imread(os.path.join(target, "faces", f"{name}-face{number}{end}.png")) for end in ("-before", "")]
            crops[name] = (*read, np.array(face["landmarks"]))
    return crops


def clean_crops(program, pictures, folder):
    """name -> the crop of each picture with a face."""
    os.makedirs(folder)
    for name, picture in pictures.items():
        cv2.imwrite(os.path.join(folder, name + ".png"), picture)
    found = subprocess.run([program, "detect", folder, "--json", "--detector", MODELS[1]], check=True, capture_output=True, text=True)
    crops = {}
    for line in found.stdout.splitlines():
        item = json.loads(line)
        if not item.get("faces"):
            continue
        name, landmarks = os.path.splitext(os.path.basename(item["input"]))[0], np.array(item["faces"][0]["landmarks"])
        turn, shift = similarity(landmarks)
        crops[name] = cv2.warpAffine(pictures[name], np.hstack([turn.T, shift[:, None]]), (SIZE, SIZE))
    return crops


def similarity(landmarks):
    """(turn, shift): landmarks @ turn + shift lie where the published template has them, as src/portrait/align.c finds it."""
    template = np.array([[30.29459953, 51.69630051], [65.53179932, 51.50139999], [48.02519989, 71.73660278],
                         [33.54930115, 92.3655014], [62.72990036, 92.20410156]])
    target = (template + [36, 28]) * (SIZE / 168)
    a, b = landmarks - landmarks.mean(0), target - target.mean(0)
    along, across = (a * b).sum() / (a * a).sum(), (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / (a * a).sum()
    turn = np.array([[along, across], [-across, along]])
    return turn, target.mean(0) - landmarks.mean(0) @ turn


def in_crop(landmarks):
    turn, shift = similarity(landmarks)
    return landmarks @ turn + shift


class Guard:
    def __init__(self, build):
        tool = os.path.join(build, "tests", "portrait", "likeness_tool")
        self.process = subprocess.Popen([tool, MODELS[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, before, after, landmarks):
        """(likeness at 100, how far the landmarks moved, the strength that ASKED becomes, seconds)"""
        crops = b"".join(np.ascontiguousarray(crop[:, :, ::-1]).tobytes() for crop in (before, after))
        self.process.stdin.write(struct.pack("i", SIZE) + landmarks.astype(np.float32).tobytes() + crops)
        self.process.stdin.flush()
        return struct.unpack("4f", self.process.stdout.read(16))


def signature(crop):
    """The face's detail as a vector of length 1: its product with another's is their correlation."""
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)[40:232, 40:216].astype(np.float32)
    fine = cv2.resize(grey - cv2.GaussianBlur(grey, (0, 0), 24), (88, 96), interpolation=cv2.INTER_AREA).ravel()
    fine -= fine.mean()
    return fine / np.linalg.norm(fine)


def percentiles(values):
    return " ".join(f"{v:.3f}" for v in np.percentile(values, [0, 1, 5, 50, 95, 99, 100]))


def check_restorations(guard, crops):
    changed, answers = 0, {}
    for name, (before, after, landmarks) in crops.items():
        answers[name] = guard.ask(before, after, in_crop(landmarks))
        changed += answers[name][2] != ASKED
    for recipe in damage.RECIPES:
        mine = [answer for name, answer in answers.items() if name.endswith(recipe)]
        print(f"restorations, {recipe}: {len(mine)}; likeness at 0/1/5/50/95/99/100 %: {percentiles([a[0] for a in mine])}; "
              f"landmarks moved at most {max(a[1] for a in mine):.3f}")
    good = changed <= MOST_CHANGED * len(crops)
    milliseconds = 1e3 * np.median([a[3] for a in answers.values()])
    print(f"{'ok' if good else 'FAILED':6} {changed} of {len(crops)} restorations changed; {milliseconds:.1f} ms a face")
    return good


def strangers_of(name, names, likeness, count, rng):
    others = [k for k in names if likeness[name[:3], k] < SAME_PERSON]
    likest = sorted(others, key=lambda k: -likeness[name[:3], k])[:count // 2]
    return likest + list(rng.choice(others, count - len(likest), replace=False))


def check_strangers(guard, crops, clean, count):
    rng = np.random.default_rng(1)
    signatures = {k: signature(crop) for k, crop in clean.items()}
    likeness = {(a, b): float(signatures[a] @ signatures[b]) for a in {n[:3] for n in crops} for b in signatures}
    answers = [(guard.ask(before, clean[k], in_crop(landmarks)), name, k) for name, (before, _, landmarks) in crops.items()
               for k in strangers_of(name, list(clean), likeness, count, rng)]
    passed = [a for a in answers if a[0][2] >= ASKED]
    lowered = [a for a in answers if 0 < a[0][2] < ASKED]
    good = not passed
    print(f"strangers: {len(answers)} pairs; likeness at 0/1/5/50/95/99/100 %: {percentiles([a[0][0] for a in answers])}")
    print(f"{'ok' if good else 'FAILED':6} {len(answers) - len(passed) - len(lowered)} left as they were, {len(lowered)} lowered, "
          f"{len(passed)} passed {[(a[1], a[2], round(a[0][0], 3)) for a in passed + lowered]}")
    return good


def main():
    options = argparse.ArgumentParser()
    options.add_argument("build")
    options.add_argument("--faces", type=int, default=67)
    options.add_argument("--strangers", type=int, default=12)
    options.add_argument("--small", action="store_true", help="20 faces and 3 strangers each")
    options = options.parse_args()
    if options.small:
        options.faces, options.strangers = 20, 3
    if not os.path.isdir(os.path.join(os.environ.get("GPEN_SHARED", ""), "faces")):
        print("skipped: GPEN_SHARED has no faces")
        sys.exit(77)
    held, others = face_pictures.face_files(os.environ["GPEN_SHARED"])
    faces = [face_pictures.place(f, SIZE).round().astype(np.uint8) for f in face_pictures.read_faces(held + others)]
    hurt = {f"{i:03d}-{recipe}": (damage.fixed_damage(face.astype(np.float32) / 255, recipe, np.random.default_rng([1, i])) * 255)
            .round().astype(np.uint8) for i, face in enumerate(faces[:options.faces]) for recipe in damage.RECIPES}
    program = os.path.join(options.build, "gpen")
    with tempfile.TemporaryDirectory() as folder:
        crops = restored_crops(program, hurt, os.path.join(folder, "hurt"))
        clean = clean_crops(program, {f"{i:03d}": face for i, face in enumerate(faces)}, os.path.join(folder, "clean"))
    guard = Guard(options.build)
    good = check_restorations(guard, crops)
    good &= check_strangers(guard, crops, clean, options.strangers)
    guard.process.stdin.close()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

"""What skin protection promises: at 100 the colour of skin moves by less than 2 (CIE76 of a and b, the mean over the skin of a face),
in every mode, on synthetic faces that are degraded as old photos are.

    GPEN_SHARED=FOLDER /usr/bin/python3 tests/parity/skin_parity.py BUILD [--small]

For each of 40 faces and each mode at strength 100, without and with --skin-protect 100, prints the mean over all faces and the worst face,
pixel by pixel, and of the skin's mean colour. Exits 1 when a mean over all faces with protection is 2 or more, 77 when something is not there."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

SHARED = os.environ.get("GPEN_SHARED", "")
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
try:
    import cv2
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

BOUND, FACES, LEAST_SIDE = 2.0, 40, 256
MODES = ("natural", "strong", "detail", "plain")
TONE = ("--denoise", "60", "--sharpen", "40", "--contrast", "40", "--brightness", "30", "--fading", "60")
LOOKS = {**{mode: ("--mode", mode) for mode in MODES}, "tone": TONE}  # tone: natural, with every control that moves colours; noted, not judged


def degraded(picture, seed):
    """Blurred, noisy, a little yellow, and compressed."""
    noise = np.random.RandomState(seed).normal(0, 5, picture.shape)
    soft = cv2.GaussianBlur(picture, (0, 0), 1.8) * np.array([0.92, 0.98, 1.0]) + noise
    return cv2.imdecode(cv2.imencode(".jpg", np.clip(soft, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 75])[1], cv2.IMREAD_COLOR)


def skin_of(landmarks, shape):
    """Cheeks, nose and forehead: an ellipse about the landmarks without eyes and mouth."""
    points = np.array(landmarks)
    across = points[1] - points[0]
    eyes = np.hypot(*across)
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    centre = (points[:2].mean(0) + points[3:].mean(0)) / 2
    mask = np.zeros(shape[:2], np.uint8)

    def ellipse(at, radii, value):
        cv2.ellipse(mask, tuple(np.rint(at).astype(int).tolist()), tuple(int(r * eyes) for r in radii), angle, 0, 360, value, -1)
    ellipse(centre - 0.1 * eyes * np.array([-across[1], across[0]]) / eyes, (0.65, 0.9), 1)
    for eye in points[:2]:
        ellipse(eye, (0.36, 0.28), 0)
    ellipse(points[3:].mean(0), (0.55, 0.22), 0)
    return mask > 0


def chroma(picture):
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)[..., 1:]


def shift(before, after, skin):
    """(mean over the pixels, of the mean colour)"""
    difference = chroma(after)[skin] - chroma(before)[skin]
    return np.hypot(*difference.T).mean(), np.hypot(*difference.mean(0))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("build")
    options.add_argument("--small", action="store_true", help="only a few faces")
    options = options.parse_args()
    folder = os.path.join(SHARED, "faces")
    program = os.path.abspath(os.path.join(options.build, "gpen"))
    if not os.path.isdir(folder) or not os.path.exists(program):
        print("skipped: GPEN_SHARED has no faces, or the program is not built")
        sys.exit(77)
    wanted, good = 6 if options.small else FACES, True
    with tempfile.TemporaryDirectory() as work:
        places = {name: os.path.join(work, name) for name in ("in", *LOOKS, *(f"{look}-held" for look in LOOKS))}
        os.mkdir(places["in"])
        for name in sorted(os.listdir(folder)):
            picture = cv2.imread(os.path.join(folder, name))
            if picture is not None and min(picture.shape[:2]) >= LEAST_SIDE and len(os.listdir(places["in"])) < wanted:
                cv2.imwrite(os.path.join(places["in"], name.rsplit(".", 1)[0] + ".png"), degraded(picture, len(name)))
        environment = {**os.environ, "GPEN_HOME": os.path.join(work, "home"), "GPEN_ASSETS": os.path.join(ROOT, "assets", "weights")}
        for look, arguments in LOOKS.items():
            for held in (False, True):
                out = places[f"{look}-held" if held else look]
                lines = subprocess.run([program, "enhance", places["in"], "-o", out, *arguments, "--strength", "100", "--faces", "largest",
                                        "--likeness", "off", "--skin-protect", "100" if held else "0", "--json"], check=True, env=environment,
                                       capture_output=True, text=True).stdout.splitlines()
                shifts = []
                for item in map(json.loads, lines):
                    restored = [face for face in item.get("faces", ()) if face["state"] == "restored"]
                    if restored:
                        before, after = cv2.imread(item["input"]), cv2.imread(item["output"])
                        shifts.append(shift(before, after, skin_of(restored[0]["landmarks"], before.shape)))
                pixels, means = np.array(shifts).T
                right = not held or (len(shifts) == wanted and pixels.mean() < BOUND)
                judged = look in MODES
                good &= right or not judged
                print(f"{'ok' if right else 'FAILED' if judged else 'noted':6} {look:8} {'protected' if held else 'free':9} {len(shifts)} faces: pixels {pixels.mean():.3f}, "
                      f"worst {pixels.max():.3f}; mean colour {means.mean():.3f}, worst {means.max():.3f}", flush=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

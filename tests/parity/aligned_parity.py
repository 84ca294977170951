"""`gpen enhance --aligned --mode plain --strength 100` against the reference's restore_face, on face pictures of several sizes.

    GPEN_SHARED=FOLDER /usr/bin/python3 tests/parity/aligned_parity.py BUILD [--small] [--seeds N]

Random GPEN-256 weights and, where it is there, the bundled model; synthetic faces, enlarged and reduced to odd sizes. At most one level off in
99.9 % of the samples. Exits 1 on failure, 77 when something is not there."""
import argparse
import glob
import os
import subprocess
import sys
import tempfile

SHARED = os.environ.get("GPEN_SHARED", "")
sys.path[:0] = [os.path.join(SHARED, "reference")]
try:
    import cv2
    import numpy as np
    import torch
    import networks as N
    import pipeline as P
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

SIDES = [(256, 256), (200, 231), (512, 512), (128, 128), (700, 655)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--small", action="store_true", help="one seed")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    faces = sorted(glob.glob(os.path.join(SHARED, "faces", "*.jpg")))
    program = os.path.join(options.build, "gpen")
    if not faces or not os.path.exists(program):
        print("skipped: no faces, or the program was not built")
        sys.exit(77)
    good = True
    for seed in range(1 if options.small else options.seeds):
        weights = N.random_state(N.gpen_shapes(256, 1, 0.5), seed)
        with tempfile.TemporaryDirectory() as folder:
            model = os.path.join(folder, "model.pth")
            torch.save(weights, model)
            os.mkdir(os.path.join(folder, "in"))
            for i, (width, height) in enumerate(SIDES):
                face = cv2.resize(cv2.imread(faces[(seed * 7 + i) % len(faces)]), (width, height), interpolation=cv2.INTER_AREA)
                cv2.imwrite(os.path.join(folder, "in", f"{width}x{height}.png"), face)
            subprocess.run([program, "enhance", "--aligned", os.path.join(folder, "in"), "-o", os.path.join(folder, "out"), "--model", model,
                            "--mode", "plain", "--strength", "100", "--quiet"], check=True, stdout=subprocess.DEVNULL)
            for width, height in SIDES:
                name = f"{width}x{height}.png"
                expected = P.restore_face(weights, cv2.imread(os.path.join(folder, "in", name)), 256).astype(int)
                found = [p for p in glob.glob(os.path.join(folder, "out", "**", name), recursive=True)]
                levels = np.abs(cv2.imread(found[0]).astype(int) - expected)
                share = (levels <= 1).mean()
                good &= share >= 0.999
                print(f"{'ok' if share >= 0.999 else 'FAILED':6} face of {name[:-4]}, seed {seed}: {100 * share:.4f} % within one level, "
                      f"worst {levels.max()}", flush=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

"""bfloat16 beside float32, on processors that have it.

    GPEN_SHARED=FOLDER /usr/bin/python3 tests/parity/precision_parity.py BUILD [--small] [--seeds N] [--faces N]

The parity scripts of the networks once more with GPEN_PRECISION=bf16 (random weights, relative L2 of at most 2e-2 of the whole network), and
the bundled model on degraded faces: against its own float32 result at most one grey level on average and four at the 99.9th
percentile, and the same bits for one and three threads. Exits 1 on failure, 77 when something is not there."""
import argparse
import glob
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get("GPEN_SHARED", "")
MODEL = os.path.join(HERE, "..", "..", "assets", "weights", "gpen-mini.safetensors")
SIZE, MEAN_BOUND, WORST_BOUND = 256, 1.0, 4.0
try:
    import cv2
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)


def degraded(face, generator):
    """A quarter of the size, noise, strong JPEG, and back."""
    small = cv2.resize(cv2.GaussianBlur(face, (0, 0), 2), (SIZE // 4, SIZE // 4), interpolation=cv2.INTER_AREA)
    noisy = np.clip(small + generator.normal(0, 8, small.shape), 0, 255).astype(np.uint8)
    packed = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 50])[1]
    return cv2.resize(cv2.imdecode(packed, cv2.IMREAD_COLOR), (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)


def restored(build, folder, precision, threads):
    path = os.path.join(folder, "output")
    subprocess.run([os.path.join(build, "tests", "parity", "run_network"), "gpen", MODEL, str(SIZE), str(SIZE),
                    os.path.join(folder, "input"), path], check=True,
                   env=dict(os.environ, GPEN_PRECISION=precision, GPEN_THREADS=str(threads)))
    return np.fromfile(path, np.float32)


def check_faces(build, count):
    generator, good, means, worsts = np.random.default_rng(0), True, [], []
    for path in sorted(glob.glob(os.path.join(SHARED, "faces", "*.jpg")))[:count]:
        face = cv2.imread(path)
        side = min(face.shape[:2])
        face = degraded(cv2.resize(face[:side, :side], (SIZE, SIZE), interpolation=cv2.INTER_AREA), generator)
        with tempfile.TemporaryDirectory() as folder:
            planar = (face[:, :, ::-1].astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)
            np.ascontiguousarray(planar).tofile(os.path.join(folder, "input"))
            fine, coarse = restored(build, folder, "fp32", 2), restored(build, folder, "bf16", 1)
            same = np.array_equal(coarse, restored(build, folder, "bf16", 3))
        levels = np.abs(np.clip(coarse, -1, 1) - np.clip(fine, -1, 1)) * 127.5
        means.append(levels.mean())
        worsts.append(np.percentile(levels, 99.9))
        if means[-1] > MEAN_BOUND or worsts[-1] > WORST_BOUND or not same:
            print(f"FAILED {os.path.basename(path)}: {means[-1]:.3f} on average, {worsts[-1]:.2f} at 99.9 %, threads agree: {same}")
            good = False
    if not means:
        print("skipped: no faces")
        sys.exit(77)
    print(f"{'ok' if good else 'FAILED':6} {len(means)} faces, grey levels: {np.mean(means):.3f} on average (worst face "
          f"{max(means):.3f}), {np.mean(worsts):.2f} at the 99.9th percentile (worst face {max(worsts):.2f})", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--small", action="store_true", help="only the shapes that take seconds")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--faces", type=int, default=20)
    options = parser.parse_args()
    doctor = subprocess.run([os.path.join(options.build, "gpen"), "doctor"], capture_output=True, text=True, check=False).stdout
    if "bf16 is used" not in doctor:
        print("skipped: this processor has no bf16")
        sys.exit(77)
    good = check_faces(options.build, options.faces)
    for name in ("gpen", "detector_parser"):
        command = [sys.executable, os.path.join(HERE, name + "_parity.py"), options.build, "--seeds", str(options.seeds)]
        good &= subprocess.run(command + ["--small"] * options.small, env=dict(os.environ, GPEN_PRECISION="bf16"),
                               check=False).returncode == 0
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

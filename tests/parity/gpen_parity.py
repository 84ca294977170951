"""GPEN in this program against the PyTorch reference, at published shapes, on random weights and random inputs.

    [GPEN_PRECISION=bf16] GPEN_SHARED=FOLDER /usr/bin/python3 tests/parity/gpen_parity.py BUILD [--small] [--seeds N]

Prints the relative L2 of the output, of the style vector and of the worst level; exits 1 when one is above 1e-4 (bf16: 2e-2), 77
when PyTorch or the reference is not there. Weights go through .pth files, zip and stream form in turn."""
import argparse
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.environ.get("GPEN_SHARED", ""), "reference")]
try:
    import numpy as np
    import torch
    import networks as N
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)
from recording import record_gpen

BOUNDS = {"fp32": 1e-4, "bf16": 2e-2}
BOUND = BOUNDS[os.environ.get("GPEN_PRECISION", "fp32")]    # run_network reads the same variable
#        name                  size  multiplier  narrow  style  layers
SMALL = [("GPEN-64 odd", 64, 1, 0.07, 72, 3), ("GPEN-128 odd", 128, 2, 0.11, 56, 5), ("GPEN-256 quarter", 256, 1, 0.25, 128, 4)]
LARGE = [("GPEN-256", 256, 1, 0.5, 512, 8), ("GPEN-512", 512, 2, 1.0, 512, 8), ("GPEN-1024", 1024, 2, 1.0, 512, 8)]
LARGEST = [("GPEN-2048", 2048, 2, 1.0, 512, 8)] # once: it takes a minute


def relative_l2(actual, expected):
    expected = expected.numpy().astype(np.float64).ravel()
    return np.linalg.norm(actual.astype(np.float64).ravel() - expected) / np.linalg.norm(expected)


def run_case(build, folder, shape, seed):
    name, size, multiplier, narrow, style, layers = shape
    weights = N.random_state(N.gpen_shapes(size, multiplier, narrow, style, layers), seed)
    x = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(1000 + seed)) * 2 - 1
    files = {kind: os.path.join(folder, kind) for kind in ("weights.pth", "input", "output")}
    torch.save(weights, files["weights.pth"], _use_new_zipfile_serialization=seed % 2 == 0)
    x.numpy().tofile(files["input"])
    output, marks = record_gpen(N, weights, x)
    command = [os.path.join(build, "tests", "parity", "run_network"), "gpen", files["weights.pth"], str(size), str(size),
               files["input"], files["output"]]
    for mark in marks:
        command += [mark, os.path.join(folder, mark)]
    subprocess.run(command, check=True)
    errors = {mark: relative_l2(np.fromfile(os.path.join(folder, mark), np.float32), value) for mark, value in marks.items()}
    whole = relative_l2(np.fromfile(files["output"], np.float32), output)
    worst = max(errors, key=errors.get)
    good = whole <= BOUND and errors[worst] <= BOUND
    print(f"{'ok' if good else 'FAILED':6} {name:18} seed {seed}: output {whole:.1e}, style {errors['style']:.1e}, "
          f"worst level {errors[worst]:.1e} ({worst})", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--small", action="store_true", help="only the shapes that take seconds")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    good = True
    for shape in SMALL + ([] if options.small else LARGE):
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory() as folder:
                good &= run_case(options.build, folder, shape, seed)
    for shape in [] if options.small else LARGEST:
        with tempfile.TemporaryDirectory() as folder:
            good &= run_case(options.build, folder, shape, 0)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

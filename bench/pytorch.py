"""GPEN in this program beside PyTorch, in turns, in one run.

    GPEN_SHARED=FOLDER /usr/bin/python3 bench/pytorch.py [--build build] [--size 512] [--threads 2] [--rounds 5]

Random weights of the published shape. Each round times PyTorch's reference once (after a warm-up) and then `gpen bench` (its own
process, one warm-up, median of three). Prints each round, the medians and their ratio, and the program's peak memory. Be fair to
the peer: with Debian's reference BLAS instead of OpenBLAS (package libopenblas0-pthread) its transposed convolutions take five
times as long."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.environ.get("GPEN_SHARED", ""), "reference"))
try:
    import torch
    import networks as N
except ImportError as missing:
    sys.exit(f"this comparison needs PyTorch and the reference: {missing}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    multiplier, narrow = (1, 0.5) if options.size == 256 else (2, 1.0)
    weights = N.random_state(N.gpen_shapes(options.size, multiplier, narrow), 0)
    x = torch.rand(1, 3, options.size, options.size) * 2 - 1
    torch.set_num_threads(options.threads)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        path = os.path.join(folder, "gpen.pth")
        torch.save(weights, path)
        command = [os.path.join(options.build, "gpen"), "bench", "--model", path, "--threads", str(options.threads), "--runs", "3",
                   "--warmup", "1", "--json"]
        N.gpen(weights, x)
        for number in range(1, options.rounds + 1):
            start = time.perf_counter()
            N.gpen(weights, x)
            theirs.append(time.perf_counter() - start)
            result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            ours.append(result["median_s"])
            print(f"round {number}: PyTorch {theirs[-1]:.3f} s, gpen {ours[-1]:.3f} s, ratio {ours[-1] / theirs[-1]:.3f}", flush=True)
    a, b = statistics.median(ours), statistics.median(theirs)
    print(f"GPEN-{options.size}, float32, {options.threads} threads, level {result['level']}: gpen {a:.3f} s, PyTorch "
          f"{torch.__version__} {b:.3f} s, ratio {a / b:.3f}; gpen's peak memory {result['peak_mib']:.0f} MiB")


if __name__ == "__main__":
    main()

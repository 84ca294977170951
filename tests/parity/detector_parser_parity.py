"""RetinaFace and ParseNet in this program against the PyTorch reference, on random weights and random inputs.

    [GPEN_PRECISION=bf16] GPEN_SHARED=FOLDER /usr/bin/python3 tests/parity/detector_parser_parity.py BUILD [--small] [--seeds N]

Prints the relative L2 of every output (raw offsets, face probabilities, class logits); exits 1 when one is above 1e-4 (bf16:
2e-2), 77 when PyTorch or the reference is not there. On plain random weights ResNet-50's logits reach 500,000: a softmax of those turns the last
bits of float32 into errors of 1e-4 in PyTorch's own scores. So the class heads, and they alone, are scaled to logits around one,
where a score says something about the network before it."""
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

BOUNDS = {"fp32": 1e-4, "bf16": 2e-2}
BOUND = BOUNDS[os.environ.get("GPEN_PRECISION", "fp32")]    # run_network reads the same variable
DIFFERING = {1e-4: 1e-3, 2e-2: 5e-2}[BOUND]     # of random classes, many of which are nearly even
SIZES = [(75, 133), (160, 97), (333, 250)]      # odd ones, so that nothing divides evenly
LARGE_SIZES = [(640, 1000)]


def relative_l2(actual, expected):
    expected = np.asarray(expected, np.float64).ravel()
    return np.linalg.norm(np.asarray(actual, np.float64).ravel() - expected) / np.linalg.norm(expected)


def run_network(build, kind, folder, weights, x, marks=()):
    path = {name: os.path.join(folder, name) for name in ("weights.pth", "input", "output") + tuple(marks)}
    torch.save(weights, path["weights.pth"])
    x.numpy().tofile(path["input"])
    command = [os.path.join(build, "tests", "parity", "run_network"), kind, path["weights.pth"], str(x.shape[2]), str(x.shape[3]),
               path["input"], path["output"]]
    for mark in marks:
        command += [mark, path[mark]]
    subprocess.run(command, check=True)
    return np.fromfile(path["output"], np.float32), [np.fromfile(path[mark], np.float32) for mark in marks]


def anchors_of(flat, height, width):
    """The program's nine planes as the reference's (boxes, scores, landmarks)."""
    at, heads = 0, ([], [], [])
    for step in (8, 16, 32):
        h, w = -(-height // step), -(-width // step)
        for out, numbers in zip(heads, (4, 2, 10)):
            count = 2 * numbers * h * w
            out.append(flat[at:at + count].reshape(2 * numbers, h * w).T.reshape(-1, numbers))
            at += count
    assert at == len(flat)
    boxes, logits, marks = (np.concatenate(o).astype(np.float64) for o in heads)
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    return boxes, shifted[:, 1] / shifted.sum(1), marks


def check(name, seed, errors):
    good = max(errors.values()) <= BOUND
    print(f"{'ok' if good else 'FAILED':6} {name:28} seed {seed}: " + ", ".join(f"{k} {v:.1e}" for k, v in errors.items()), flush=True)
    return good


def calm_class_heads(weights, x):
    """Scales the class heads in place so that the largest logit of x is 4."""
    logits, softmax = [], N.F.softmax
    N.F.softmax = lambda values, axis: (logits.append(values), softmax(values, axis))[1]
    try:
        with torch.no_grad():
            N.retinaface(weights, x)
    finally:
        N.F.softmax = softmax
    factor = 4 / max(float(values.abs().max()) for values in logits)
    for name in weights:
        if name.startswith("ClassHead"):
            weights[name] = weights[name] * factor


def retinaface_case(build, backbone, size, seed):
    weights = N.random_state(N.retinaface_shapes(backbone), seed)
    x = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(2000 + seed)) * 255 - 110
    calm_class_heads(weights, x)
    with torch.no_grad():
        expected = N.retinaface(weights, x)
    with tempfile.TemporaryDirectory() as folder:
        flat, _ = run_network(build, "retinaface", folder, {"module." + k: v for k, v in weights.items()}, x)
    actual = anchors_of(flat, *size)
    errors = {k: relative_l2(a, e.numpy()) for k, a, e in zip(("boxes", "scores", "landmarks"), actual, expected)}
    return check(f"RetinaFace {backbone} {size[0]}x{size[1]}", seed, errors)


def parsenet_case(build, seed):
    weights = N.random_state(N.parsenet_shapes(), seed)
    x = torch.rand(1, 3, 512, 512, generator=torch.Generator().manual_seed(3000 + seed)) * 2 - 1
    with torch.no_grad():
        expected = N.parsenet(weights, x)
    with tempfile.TemporaryDirectory() as folder:
        classes, (logits,) = run_network(build, "parsenet", folder, weights, x, marks=("logits",))
    errors = {"logits": relative_l2(logits, expected.numpy())}
    differing = (classes.reshape(512, 512) != expected[0].argmax(0).numpy()).mean()
    print(f"       classes differ in {100 * differing:.4f} % of the pixels (ties)")
    return check("ParseNet 512", seed, errors) and differing < DIFFERING


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--small", action="store_true", help="only what takes seconds")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    good = True
    for seed in range(options.seeds):
        for backbone in ("m025", "r50"):
            for size in SIZES[:1] if options.small and backbone == "r50" else SIZES + ([] if options.small else LARGE_SIZES):
                good &= retinaface_case(options.build, backbone, size, seed)
        if not options.small:
            good &= parsenet_case(options.build, seed)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

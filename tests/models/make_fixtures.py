"""Write the GPEN fixtures of tests/models: small random networks with odd widths and what the PyTorch reference makes of them.

    GPEN_SHARED=FOLDER /usr/bin/python3 tests/models/make_fixtures.py

Two files a network in tests/fixtures: NAME.safetensors (weights, exactly representable in float16) and NAME-expected.safetensors
(input, output, style, and the maps and pictures of some levels). Needs python3-torch and the reference; run it only to make the
fixtures anew, they are committed."""
import json
import os
import struct
import sys

import torch

sys.path.insert(0, os.path.join(os.environ["GPEN_SHARED"], "reference"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "parity"))
import networks as N
from recording import record_gpen

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = [("gpen64", 64, 1, 0.0625, 64, 4), ("gpen128-odd", 128, 1, 0.05, 40, 2)]


def save(path, tensors):
    header, offset, blobs = {}, 0, []
    for name, value in tensors.items():
        dtype = {torch.float16: "F16", torch.float32: "F32"}[value.dtype]
        blob = value.contiguous().numpy().tobytes()
        header[name] = {"dtype": dtype, "shape": list(value.shape), "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


for name, size, multiplier, narrow, style, layers in FIXTURES:
    halves = {k: v.half() for k, v in N.random_state(N.gpen_shapes(size, multiplier, narrow, style, layers), seed=5).items()}
    weights = {k: v.float() for k, v in halves.items()}
    x = (torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(6)) * 2 - 1).half()
    output, marks = record_gpen(N, weights, x.float())
    expected = {"input": x, "output": output}
    for mark in ("style", "map4", "map16", f"map{size}", "rgb8", "rgb32"):
        expected[mark] = marks[mark].half() if mark == f"map{size}" else marks[mark]
    save(os.path.join(HERE, "..", "fixtures", name + ".safetensors"), halves)
    save(os.path.join(HERE, "..", "fixtures", name + "-expected.safetensors"), expected)
    print(name, "written")

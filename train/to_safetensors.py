"""Convert a trained state dict (.pth) to the float16 safetensors file that is bundled in assets/weights.

    python3 train/to_safetensors.py MODEL.pth assets/weights/NAME.safetensors key=value...

The key=value pairs become the file's metadata: its card in short. Needs python3-torch. Developers only."""
import json
import struct
import sys

import torch


def safetensors_bytes(tensors, metadata):
    header, offset, blobs = {"__metadata__": metadata}, 0, []
    for name in sorted(tensors):
        blob = tensors[name].contiguous().numpy().tobytes()
        header[name] = {"dtype": "F16", "shape": list(tensors[name].shape), "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(blobs)


def main():
    source, target, *pairs = sys.argv[1:]
    state = torch.load(source, map_location="cpu")
    halves = {name: value.detach().to(torch.float16) for name, value in state.items() if not name.endswith("num_batches_tracked")}
    for name, value in halves.items():
        if not torch.isfinite(value).all():
            sys.exit(f"{name} does not fit float16")
    with open(target, "wb") as f:
        f.write(safetensors_bytes(halves, dict(pair.split("=", 1) for pair in pairs)))


if __name__ == "__main__":
    main()

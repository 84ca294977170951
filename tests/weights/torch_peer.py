#!/usr/bin/env python3
"""PyTorch writes .pth files of every kind; every tensor must come out of our reader bit for bit.

    torch_peer.py DUMP_WEIGHTS

DUMP_WEIGHTS is tests/weights/dump_weights. What it saves as safetensors is parsed here with json and numpy alone.
Exits with 77 (skipped) where torch or numpy is not installed.
"""
import collections
import json
import os
import subprocess
import sys
import tempfile
import zipfile

try:
    import numpy
    import torch
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

NAMES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
         torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


def elements(tensor):
    """The tensor's own bytes in row-major order."""
    flat = tensor.detach().contiguous().reshape(-1)
    if flat.dtype == torch.bfloat16:
        flat = flat.view(torch.int16)
    return flat.numpy().tobytes()


def every_dtype():
    torch.manual_seed(1)
    numbers = torch.randn(5, 7, dtype=torch.float64) * 3
    tensors = collections.OrderedDict()
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        tensors[f"floating.{NAMES[dtype]}"] = numbers.to(dtype)
    for dtype in (torch.int64, torch.int32, torch.int16, torch.int8):
        tensors[f"whole.{NAMES[dtype]}"] = torch.randint(-128, 128, (3, 2, 4)).to(dtype)
    tensors["whole.U8"] = torch.randint(0, 256, (11,)).to(torch.uint8)
    tensors["whole.BOOL"] = torch.rand(9) > 0.5
    return tensors


def odd_values():
    special = [0.0, -0.0, float("inf"), float("-inf"), float("nan"), 1e-45, -1e-40, 65504.0, 3.4e38]
    return {"special": torch.tensor(special), "special.half": torch.tensor(special[:7] + [65504.0]).half(),
            "special.double": torch.tensor(special + [1e-310, 2.0 ** -1074], dtype=torch.float64)}


def shapes():
    return {"scalar": torch.tensor(1.25), "scalar.whole": torch.tensor(7), "empty": torch.empty(0),
            "empty.matrix": torch.empty(3, 0, 2), "one": torch.ones(1, 1, 1, 1),
            "eight": torch.rand(1, 2, 1, 2, 1, 2, 1, 3),
            "parameter": torch.nn.Parameter(torch.rand(4, 3)),
            "frozen": torch.nn.Parameter(torch.rand(2), requires_grad=False), "gewicht.é.权重": torch.rand(2)}


def strided():
    base = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
    return {"transposed": base.transpose(0, 2), "permuted": base.permute(1, 2, 0), "slice": base[1:, 1:3, ::2],
            "row": base[2, 1], "element": base[1, 2, 3], "expanded": torch.rand(3, 1).expand(3, 4),
            "expanded.one": torch.tensor([2.5]).expand(2, 3), "channels_last":
            torch.rand(2, 3, 4, 4).contiguous(memory_format=torch.channels_last), "step": torch.arange(20).half()[3::4]}


def shared():
    base = torch.rand(6, 4)
    return {"whole": base, "again": base, "half": base[3:], "transposed": base.t(), "flat": base.view(-1)}


def module_state():
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2))
    return model.state_dict()  # with _metadata, and num_batches_tracked


def many():
    return {f"layer.{i}.weight": torch.full((3,), float(i)) for i in range(1200)}


def cases():
    """(title, the object that is saved, the tensors that must come out)"""
    for build in (every_dtype, odd_values, shapes, strided, shared, module_state, many):
        tensors = build()
        yield build.__name__, tensors, tensors
    tensors = module_state()
    other = {"other": torch.zeros(2)}
    for wrapper in ("params_ema", "params", "g_ema", "state_dict"):
        others = {"epoch": 3, "loss": 0.25, "note": "x", "seen": [1, (2, None)], "big": 1 << 90}
        yield f"wrapped in {wrapper}", {**others, wrapper: tensors}, tensors
    yield "params_ema goes first", {"g_ema": other, "params": other, "params_ema": tensors}, tensors
    yield "g_ema before state_dict", {"state_dict": other, "g_ema": tensors}, tensors
    optimizer = {"state": {0: {"step": 5, "exp_avg": torch.rand(2)}}, "groups": [{"lr": 1e-4, "betas": (0.9, 0.99)}]}
    yield "with an optimizer", {"state_dict": tensors, "optimizer": optimizer}, tensors
    yield "values that are no tensors", dict(tensors, step=12, rate=1e-3, name="gpen", nothing=None, yes=True), tensors
    prefixed = collections.OrderedDict((f"module.{name}", tensor) for name, tensor in tensors.items())
    yield "module. on every name", prefixed, tensors
    yield "module. in a wrapper", {"params": prefixed}, tensors
    mixed = {"module.a": torch.rand(2), "b": torch.rand(2)}
    yield "module. on some names", mixed, mixed


def run_dump(program, path, *more):
    raw = path + ".raw"
    done = subprocess.run([program, path, raw, *more], capture_output=True, check=False)
    if done.returncode:
        raise AssertionError(f"{os.path.basename(path)}: {done.stderr.decode()}")
    with open(raw, "rb") as file:
        return done.stdout.decode().splitlines(), file.read()


def compare_dump(title, lines, raw, tensors):
    assert len(lines) == len(tensors), f"{title}: {len(lines)} tensors instead of {len(tensors)}"
    at = 0
    for line, (name, tensor) in zip(lines, tensors.items()):
        sides = ",".join(str(side) for side in tensor.shape)
        assert line == f"{name}\t{NAMES[tensor.dtype]}\t{sides}", f"{title}: {line!r} instead of {name}"
        expected = elements(tensor)
        assert raw[at:at + len(expected)] == expected, f"{title}: {name} differs"
        at += len(expected)
    assert at == len(raw), title


def parse_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    length = int.from_bytes(data[:8], "little")
    assert (8 + length) % 64 == 0
    body = data[8 + length:]
    tensors, end = {}, 0
    for name, entry in json.loads(data[8:8 + length]).items():
        begin, stop = entry["data_offsets"]
        assert (8 + length + begin) % SIZES[entry["dtype"]] == 0
        tensors[name] = entry["dtype"], entry["shape"], body[begin:stop]
        end = max(end, stop)
    assert end == len(body)
    return tensors


def converted(tensor, floats):
    """The bytes that saving with `floats` must give. numpy rounds float64 to float16 in one step, torch in two."""
    if not tensor.dtype.is_floating_point:
        return NAMES[tensor.dtype], elements(tensor)
    tensor = tensor.detach()
    if floats == "F32":
        return floats, elements(tensor.float())
    if floats == "F16" and tensor.dtype == torch.float64:
        return floats, tensor.contiguous().numpy().astype(numpy.float16).tobytes()
    return floats, elements(tensor.half() if floats == "F16" else tensor.bfloat16())


def compare_saved(title, path, tensors, floats):
    saved = parse_safetensors(path)
    assert list(saved) == list(tensors), title
    for name, tensor in tensors.items():
        dtype, expected = converted(tensor, floats)
        assert saved[name] == (dtype, list(tensor.shape), expected), f"{title}: {name} saved as {floats} differs"


def check(program, folder, title, thing, tensors, zip_form):
    path, saved = os.path.join(folder, "weights.pth"), os.path.join(folder, "saved.safetensors")
    torch.save(thing, path, _use_new_zipfile_serialization=zip_form)
    title = f"{title} ({'zip' if zip_form else 'stream'})"
    compare_dump(title, *run_dump(program, path), tensors)
    if title.startswith("odd_values"):  # beyond float16 and float32: what saving them says is test_safetensors.c's
        return
    for floats in ("F32", "F16", "BF16"):
        run_dump(program, path, saved, floats)
        compare_saved(title, saved, tensors, floats)


def deflate(path):
    """The same archive with its entries compressed: torch does not write it, but reads it."""
    with zipfile.ZipFile(path) as archive:
        entries = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)


def check_deflated(program, folder):
    path = os.path.join(folder, "deflated.pth")
    tensors = every_dtype()
    torch.save(tensors, path)
    deflate(path)
    compare_dump("deflated", *run_dump(program, path), tensors)
    torch.save({"zeros": torch.zeros(1 << 22)}, path)  # a thousandfold: no weights are like that
    deflate(path)
    done = subprocess.run([program, path, path + ".raw"], capture_output=True, check=False)
    assert done.returncode == 1 and b"would be far larger than the file" in done.stderr, done.stderr


def main():
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for title, thing, tensors in cases():
            for zip_form in (True, False):
                check(sys.argv[1], folder, title, thing, tensors, zip_form)
                count += len(tensors)
        check_deflated(sys.argv[1], folder)
    print(f"{count} tensors came out bit for bit (torch {torch.__version__})")


main()

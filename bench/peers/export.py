"""Writes the compared networks with random weights of the published shapes.

    GPEN_SHARED=FOLDER /usr/bin/python3 bench/peers/export.py FOLDER [NAME...]

For each name of cases.py FOLDER gets NAME.pth (for this program and PyTorch, tensors named as published), NAME.input (what all
engines are fed, raw float32) and for ONNX Runtime NAME.onnx, the arithmetic as published: GPEN's modulated convolutions scale their weights by the style of the sample, so that an
engine can prepare none of them ahead. NAME-folded.onnx, for GPEN, is the same map with the activations scaled in place of the
weights, every weight a constant: what ONNX Runtime is fastest with. Other networks have no such difference; their
normalisations are folded into the convolutions by ONNX Runtime itself.

Files that are there already are kept."""
import math
import os
import sys
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "tests", "parity"), os.path.join(os.environ.get("GPEN_SHARED", ""), "reference")]
import torch
import networks as N
from cases import BY_NAME, CASES, REFERENCE, forms
from detector_parser_parity import calm_class_heads

F = torch.nn.functional


def bench_input(case):
    """What `gpen bench` feeds a network (src/cli/bench.c): splitmix64 from 2021, the upper 24 bits as -1..1."""
    import numpy as np
    count = 3 * case.height * case.width
    with np.errstate(over="ignore"):
        state = np.uint64(2021) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (state ^ state >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    values = (mixed >> np.uint64(40)).astype(np.float32) * np.float32(2.0 ** -23) - np.float32(1)
    return torch.from_numpy(values.reshape(1, 3, case.height, case.width))


def random_weights(case):
    if case.kind == "parser":
        return N.random_state(N.parsenet_shapes(), 0)
    if case.kind == "restorer":
        multiplier, narrow = (1, 0.5) if case.width == 256 else (2, 1.0)
        return N.random_state(N.gpen_shapes(case.width, multiplier, narrow), 0)
    weights = N.random_state(N.retinaface_shapes(case.name.split("-")[1]), 0)
    calm_class_heads(weights, bench_input(case))    # a softmax of logits in the thousands would say nothing
    return weights


# ---------------------------------------------------------------- arithmetic in a form that can be traced
# Every size a Python int, and what no input reaches computed while tracing, so that it ends up in the file as a constant.


def sizes(tensor):
    return [int(size) for size in tensor.shape]


def traced_fir(x, kernel, up=1, down=1, pad=(0, 0)):
    batch, channels, height, width = sizes(x)
    if up > 1:
        spread = F.pad(x.reshape(batch, channels, height, 1, width, 1), (0, up - 1, 0, 0, 0, up - 1))
        x = spread.reshape(batch, channels, height * up, width * up)
    weight = kernel.flip((0, 1)).expand(channels, 1, 4, 4).contiguous()
    return F.conv2d(F.pad(x, (pad[0], pad[1]) * 2), weight, stride=down, groups=channels)


def convolve(weights, name, x, kernel, up):
    if up:
        return traced_fir(F.conv_transpose2d(x, kernel.transpose(0, 1), stride=2), weights[name + ".blur.kernel"], pad=(1, 1))
    return F.conv2d(x, kernel, padding=sizes(kernel)[2] // 2)


def scaled_kernel(weights, name):
    kernel = weights[name + ".weight"][0]
    return kernel / math.sqrt(math.prod(sizes(kernel)[1:]))


def style_of(weights, name, latent):
    """[inputs], for a batch of one."""
    modulation = name + ".modulation"
    matrix = weights[modulation + ".weight"]
    return F.linear(latent, matrix / math.sqrt(sizes(matrix)[1]), weights[modulation + ".bias"])[0]


def published_modulation(weights, name, x, latent, demodulate=True, up=False):
    kernel = scaled_kernel(weights, name) * style_of(weights, name, latent).reshape(1, -1, 1, 1)
    if demodulate:
        kernel = kernel * torch.rsqrt((kernel * kernel).sum((1, 2, 3), keepdim=True) + 1e-8)
    return convolve(weights, name, x, kernel, up)


def folded_modulation(weights, name, x, latent, demodulate=True, up=False):
    kernel, style = scaled_kernel(weights, name), style_of(weights, name, latent)
    x = x * style.reshape(1, -1, 1, 1)
    if not demodulate:
        return convolve(weights, name, x, kernel, up)
    energy = (kernel * kernel).sum((2, 3))          # a constant; so is the kernel
    gain = torch.rsqrt(torch.mv(energy, style * style) + 1e-8).reshape(1, -1, 1, 1)
    if not up:
        return convolve(weights, name, x, kernel, up) * gain
    return traced_fir(F.conv_transpose2d(x, kernel.transpose(0, 1), stride=2) * gain, weights[name + ".blur.kernel"], pad=(1, 1))


class Network(torch.nn.Module):
    def __init__(self, forward, weights):
        super().__init__()
        self.forward = lambda x: forward(weights, x)


def export(case, form, weights, path):
    N.fir = traced_fir
    N.modulated_conv = folded_modulation if form.endswith("-folded") else published_modulation
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")             # the tracer warns of every size that is a constant
        torch.onnx.export(Network(getattr(N, REFERENCE[case.kind]), weights), bench_input(case), path + ".part", opset_version=13,
                          input_names=["input"])
    os.replace(path + ".part", path)


def main():
    folder, names = sys.argv[1], sys.argv[2:] or [case.name for case in CASES]
    os.makedirs(folder, exist_ok=True)
    for case in (BY_NAME[name] for name in names):
        weights_path = os.path.join(folder, case.name + ".pth")
        if not os.path.exists(weights_path):
            torch.save(random_weights(case), weights_path + ".part")
            os.replace(weights_path + ".part", weights_path)
        bench_input(case).numpy().tofile(os.path.join(folder, case.name + ".input"))
        for form in forms(case):
            path = os.path.join(folder, form + ".onnx")
            if not os.path.exists(path):
                export(case, form, torch.load(weights_path), path)
                print(f"{form}: {os.path.getsize(path) / 2**20:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()

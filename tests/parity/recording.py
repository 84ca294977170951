"""What happens inside the reference GPEN: runs it and keeps the style vector and the map and picture of every level."""
import math

import torch


def record_gpen(networks, weights, x):
    """Returns (output, marks): marks has "style", "map4", "map8", ... (before the encoder feature is put behind) and "rgb4", ...

    The reference's helpers are wrapped while it runs: every activation passes lrelu_scaled, and the picture of each level but the
    last is what the next level up-samples."""
    activations, pictures = [], []
    plain_lrelu, plain_fir = networks.lrelu_scaled, networks.fir

    def lrelu(value, bias):
        activations.append(plain_lrelu(value, bias))
        return activations[-1]

    def fir(value, kernel, up=1, down=1, pad=(0, 0)):
        if up == 2:
            pictures.append(value)
        return plain_fir(value, kernel, up, down, pad)

    networks.lrelu_scaled, networks.fir = lrelu, fir
    try:
        with torch.no_grad():
            output = networks.gpen(weights, x)
    finally:
        networks.lrelu_scaled, networks.fir = plain_lrelu, plain_fir

    levels = int(math.log2(x.shape[-1])) - 1
    layers = sum(1 for k in weights if k.startswith("generator.style.") and k.endswith(".weight"))
    marks = {"style": activations[levels + layers]}
    styled = activations[levels + layers + 1:]
    for level in range(levels):
        both = styled[2 * level]
        marks[f"map{4 << level}"] = both[:, : both.shape[1] // 2]
        marks[f"rgb{4 << level}"] = (pictures + [output])[level]
    return output, marks

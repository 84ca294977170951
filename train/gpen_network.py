"""GPEN in the form that trains fast on a CPU, under the tensor names of the published checkpoints.

It computes what src/models/gpen.c computes (paper: Yang et al., CVPR 2021; StyleGAN2: Karras et al., CVPR 2020), arranged for training:

- On small maps activations are scaled by the style and by the demodulation instead of the weights, so that a batch shares one
  convolution. From ONE_BY_ONE_FROM px on it is the other way round, and face by face: one face's maps stay in the cache, and no
  pass over memory is spent on scaling.
- A transposed 3x3 convolution of stride 2 is one 2x2 convolution that makes the four parities of the output as channels, then a
  pixel shuffle. Maps lie channels last, convolutions run in bfloat16; pictures (to_rgb and their sums) stay in float32.
- The network starts as the exact identity: the finest encoder feature carries plus and minus R, G, B through two leaky ReLUs
  (a pair gives 2.08 * noise weight * x), and the last to_rgb reads them back. Training learns only the correction.
"""
import math

import torch
import torch.nn.functional as F

SIZE = 256
CHANNELS = {4: 96, 8: 128, 16: 128, 32: 128, 64: 128, 128: 64, 256: 16}
STYLE, MAPPING_LAYERS = 128, 4
ONE_BY_ONE_FROM = 128
NOISE_START = 0.5
SQRT2 = math.sqrt(2.0)
LEVELS = [4 << i for i in range(int(math.log2(SIZE)) - 1)]

# Row of the 2x2 convolution -> row of the transposed 3x3 one: [parity of the output, row in the 2x2 window, row in the 3x3 kernel].
PARITY = torch.zeros(2, 2, 3)
PARITY[0, 0, 2] = PARITY[0, 1, 0] = PARITY[1, 1, 1] = 1


def shapes():
    """Name -> shape of every tensor, in the order in which the network uses them."""
    ch, s = CHANNELS, {}

    def styled(p, cin, cout, up):
        s[p + ".conv.weight"] = (1, cout, cin, 3, 3)
        if up:
            s[p + ".conv.blur.kernel"] = (4, 4)
        s[p + ".conv.modulation.weight"], s[p + ".conv.modulation.bias"] = (cin, STYLE), (cin,)
        s[p + ".noise.weight"], s[p + ".activate.bias"] = (1,), (2 * cout,)

    def rgb(p, cin, up):
        s[p + ".bias"] = (1, 3, 1, 1)
        if up:
            s[p + ".upsample.kernel"] = (4, 4)
        s[p + ".conv.weight"] = (1, 3, cin, 1, 1)
        s[p + ".conv.modulation.weight"], s[p + ".conv.modulation.bias"] = (cin, STYLE), (cin,)

    s["ecd0.0.0.weight"], s["ecd0.0.1.bias"] = (ch[SIZE], 3, 1, 1), (ch[SIZE],)
    for j in range(1, len(LEVELS)):
        above, here = ch[SIZE >> (j - 1)], ch[SIZE >> j]
        s[f"ecd{j}.0.0.kernel"], s[f"ecd{j}.0.1.weight"], s[f"ecd{j}.0.2.bias"] = (4, 4), (here, above, 3, 3), (here,)
    s["final_linear.0.weight"], s["final_linear.0.bias"] = (STYLE, ch[4] * 16), (STYLE,)
    for i in range(1, MAPPING_LAYERS + 1):
        s[f"generator.style.{i}.weight"], s[f"generator.style.{i}.bias"] = (STYLE, STYLE), (STYLE,)
    s["generator.input.input"] = (1, ch[4], 4, 4)
    styled("generator.conv1", ch[4], ch[4], False)
    rgb("generator.to_rgb1", 2 * ch[4], False)
    for i, (below, level) in enumerate(zip(LEVELS, LEVELS[1:])):
        styled(f"generator.convs.{2 * i}", 2 * ch[below], ch[level], True)
        styled(f"generator.convs.{2 * i + 1}", 2 * ch[level], ch[level], False)
        rgb(f"generator.to_rgbs.{i}", 2 * ch[level], True)
    return s


def blur_kernel():
    k = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return k[:, None] * k[None, :] / 64


def initial(seed):
    """Random weights that make the network the identity; see the head of this file."""
    g = torch.Generator().manual_seed(seed)
    p = {}
    for name, shape in shapes().items():
        if name.endswith("kernel"):
            p[name] = blur_kernel() * (4.0 if "convs" in name or "upsample" in name else 1.0)
        elif name.endswith("modulation.bias"):
            p[name] = torch.ones(shape)
        elif name.endswith("noise.weight"):
            p[name] = torch.full(shape, NOISE_START)
        elif name.endswith("bias") or ("to_rgb" in name and name.endswith("conv.weight")):
            p[name] = torch.zeros(shape)
        else:
            p[name] = torch.randn(shape, generator=g) / (0.01 if ".style." in name else 1.0)
    last = f"generator.to_rgbs.{len(LEVELS) - 2}.conv.weight"
    p[last.replace("conv.weight", "conv.modulation.weight")].zero_()
    inputs = p[last].shape[2]
    for colour in range(3):
        for channel, sign in ((2 * colour, 1), (2 * colour + 1, -1)):
            p["ecd0.0.0.weight"][channel] = 0
            p["ecd0.0.0.weight"][channel, colour] = sign * math.sqrt(3)
            p[last][0, colour, inputs // 2 + channel] = sign * math.sqrt(inputs) / (2.08 * NOISE_START)
    return p


def trained(name):
    return not name.endswith("kernel")


class Blur(torch.autograd.Function):
    """The [1 3 3 1] filter times `gain`, each channel by itself. It is symmetric, so its gradient is the same filter again; said here
    because oneDNN's own gradient of a depthwise convolution is ten times slower than the convolution."""

    @staticmethod
    def apply_to(x, gain, padding):
        kernel = (gain * blur_kernel()).to(x.dtype)[None, None].expand(x.shape[1], 1, 4, 4)
        return F.conv2d(x, kernel, padding=padding, groups=x.shape[1])

    @staticmethod
    def forward(ctx, x, gain, padding):
        ctx.how = gain, 3 - padding
        return Blur.apply_to(x, gain, padding)

    @staticmethod
    def backward(ctx, gradient):
        return Blur.apply_to(gradient, *ctx.how), None, None


class Network:
    """The forward pass over a dictionary of tensors. dtype: what the convolutions run in."""

    def __init__(self, tensors, dtype=torch.bfloat16):
        self.p, self.dtype = tensors, dtype

    def convolve(self, x, w, bias=None, **how):
        return F.conv2d(x, w.to(self.dtype), None if bias is None else bias.to(self.dtype), **how)

    def linear(self, name, x, rate=1.0):
        w, b = self.p[name + ".weight"], self.p[name + ".bias"]
        return F.linear(x, w * (rate / math.sqrt(x.shape[1])), b * rate)

    def encode(self, x):
        features = []
        for j in range(len(LEVELS)):
            w, b = self.p[f"ecd{j}.0.{1 if j else 0}.weight"], self.p[f"ecd{j}.0.{2 if j else 1}.bias"]
            w = w * (SQRT2 / math.sqrt(w[0].numel()))
            if j:
                x = Blur.apply(x, 1.0, 2)
            x = F.leaky_relu(self.convolve(x, w, b * SQRT2, stride=2 if j else 1), 0.2)
            features.append(x)
        z = F.leaky_relu(self.linear("final_linear.0", x.float().flatten(1)), 0.2) * SQRT2
        z = z * torch.rsqrt(z.pow(2).mean(1, keepdim=True) + 1e-8)
        for i in range(1, MAPPING_LAYERS + 1):
            z = F.leaky_relu(self.linear(f"generator.style.{i}", z, 0.01), 0.2) * SQRT2
        return features, z

    def spread(self, x, w, bias=None):
        """The transposed convolution and its blur: [N,C,H,W] -> [N,O,2H,2W]."""
        parity = torch.einsum("oikl,ayk,bxl->oabiyx", w, PARITY, PARITY).reshape(4 * w.shape[0], w.shape[1], 2, 2)
        y = F.pixel_shuffle(self.convolve(x, parity, padding=1), 2)
        y = Blur.apply(y, 4.0, 1)[:, :, :-1, :-1]
        return y if bias is None else y + bias.to(y.dtype)[None, :, None, None]

    def activate(self, y, feature, name):
        """The encoder feature beside what a convolution made, and the activation; y has its bias already."""
        second = self.p[name + ".activate.bias"][y.shape[1]:] * SQRT2
        feature = feature * (SQRT2 * self.p[name + ".noise.weight"]).to(y.dtype) + second.to(y.dtype)[None, :, None, None]
        return F.leaky_relu(torch.cat([y, feature], 1), 0.2)

    def styled(self, name, x, feature, z, up=False):
        """A modulated convolution, the encoder feature beside it, bias and activation."""
        w = self.p[name + ".conv.weight"][0]
        w = w / math.sqrt(w[0].numel())
        bias = self.p[name + ".activate.bias"][:w.shape[0]] * SQRT2
        s = self.linear(name + ".conv.modulation", z)
        demodulate = SQRT2 * torch.rsqrt((s * s) @ w.pow(2).sum([2, 3]).t() + 1e-8)
        if x.shape[0] == 1:
            w = w * s[0, None, :, None, None] * demodulate[0, :, None, None, None]
            y = self.spread(x, w, bias) if up else self.convolve(x, w, bias, padding=1)
        else:
            x = x * s.to(x.dtype)[:, :, None, None]
            y = self.spread(x, w) if up else self.convolve(x, w, padding=1)
            y = y * demodulate.to(y.dtype)[:, :, None, None] + bias.to(y.dtype)[None, :, None, None]
        return self.activate(y, feature, name)

    def to_rgb(self, name, x, z, below):
        w = self.p[name + ".conv.weight"][0, :, :, 0, 0]
        w = (w / math.sqrt(w.shape[1])).t() * self.linear(name + ".conv.modulation", z)[:, :, None]
        flat = x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, x.shape[1]).float()
        picture = torch.bmm(flat, w).reshape(x.shape[0], x.shape[2], x.shape[3], 3).permute(0, 3, 1, 2) + self.p[name + ".bias"]
        if below is None:
            return picture
        up = F.conv_transpose2d(below, self.p[name + ".upsample.kernel"][None, None].expand(3, 1, 4, 4), stride=2, groups=3)
        return picture + up[:, :, 1:-1, 1:-1]

    def decode(self, levels, h, picture, features, z):
        """From one level's map and picture to those of the last of `levels` (numbers into LEVELS)."""
        for level in levels:
            feature, i = features[-1 - level], level - 1
            h = self.styled(f"generator.convs.{2 * i}", h, feature, z, up=True)
            h = self.styled(f"generator.convs.{2 * i + 1}", h, feature, z)
            picture = self.to_rgb(f"generator.to_rgbs.{i}", h, z, picture)
        return h, picture

    def __call__(self, x):
        """x: [N,3,SIZE,SIZE] RGB in -1..1 -> the same, not clamped."""
        features, z = self.encode(x.to(self.dtype).contiguous(memory_format=torch.channels_last))
        h = self.p["generator.input.input"].to(self.dtype).expand(x.shape[0], -1, -1, -1)
        h = self.styled("generator.conv1", h, features[-1], z)
        picture = self.to_rgb("generator.to_rgb1", h, z, None)
        first_large = LEVELS.index(ONE_BY_ONE_FROM)
        h, picture = self.decode(range(1, first_large), h, picture, features, z)
        faces = []
        for n in range(x.shape[0]):
            own = [f[n:n + 1] for f in features]
            faces.append(self.decode(range(first_large, len(LEVELS)), h[n:n + 1], picture[n:n + 1], own, z[n:n + 1])[1])
        return torch.cat(faces)

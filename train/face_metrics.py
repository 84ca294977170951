"""How near a restored face is to its original: PSNR, and how much of its detail came back. Tensors [N,3,H,W], RGB, -1..1."""
import torch
import torch.nn.functional as F

GREY = torch.tensor([0.299, 0.587, 0.114])


def psnr(a, b):
    """Per picture, in dB, of samples clamped to their range: [N]."""
    return -10 * torch.log10((((a.clamp(-1, 1) - b) / 2) ** 2).mean([1, 2, 3]))


def gaussian(x, sigma):
    """[N,1,H,W] blurred, edges mirrored."""
    r = int(3 * sigma + 0.5)
    k = torch.exp(-0.5 * (torch.arange(-r, r + 1, dtype=x.dtype) / sigma) ** 2)
    k = k / k.sum()
    x = F.conv2d(F.pad(x, (r, r, 0, 0), mode="reflect"), k[None, None, None])
    return F.conv2d(F.pad(x, (0, 0, r, r), mode="reflect"), k[None, None, :, None])


def detail_band(x, fine=1.0, coarse=4.0):
    """The grey picture's structures of about 1 to 4 px: a difference of Gaussians, [N,1,H,W]."""
    grey = (x * GREY.to(x.dtype)[None, :, None, None]).sum(1, keepdim=True)
    return gaussian(grey, fine) - gaussian(grey, coarse)


def recovered_detail(output, original):
    """Projection of the output's detail on the original's, per picture: 1 is all of it, 0 none, above 1 too much: [N]."""
    a, b = detail_band(output.clamp(-1, 1)), detail_band(original)
    return (a * b).sum([1, 2, 3]) / (b * b).sum([1, 2, 3])

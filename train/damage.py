"""What time does to a portrait, on float32 BGR pictures 0..1: blur, fewer pixels, noise, JPEG, and back to full size.

GPEN's recipe (Yang et al., CVPR 2021, section 4), scaled to 256 px. RECIPES are the three fixed ones that results are measured with."""
import cv2
import numpy as np

RECIPES = {  # blur in px (sigma), down-sampling, noise in grey levels (sigma), JPEG quality
    "light": (0.6, 1.3, 2, 90),
    "middle": (1.2, 2.5, 5, 75),
    "strong": (2.0, 4.0, 9, 60),
}


def jpeg(y, quality):
    data = cv2.imencode(".jpg", (y * 255).round().astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR).astype(np.float32) / 255


def shrink(y, times, how=cv2.INTER_AREA):
    n = max(24, round(y.shape[0] / times))
    return cv2.resize(y, (n, n), interpolation=how)


def enlarge(y, size):
    return cv2.resize(y.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR).clip(0, 1)


def fixed_damage(x, recipe, rng):
    sigma, times, noise, quality = RECIPES[recipe]
    y = shrink(cv2.GaussianBlur(x, (0, 0), sigma), times)
    y = (y + rng.standard_normal(y.shape) * noise / 255).clip(0, 1)
    return enlarge(jpeg(y, quality), x.shape[0])


def blur_kernel(rng, most):
    """A Gaussian, round or stretched, or (one in ten) the straight streak of a moving camera."""
    g = np.arange(21) - 10
    xx, yy = np.meshgrid(g, g)
    a = rng.uniform(0, np.pi)
    u, v = xx * np.cos(a) + yy * np.sin(a), yy * np.cos(a) - xx * np.sin(a)
    if rng.random() < 0.1:
        k = np.exp(-0.5 * (v / 0.6) ** 2) * (np.abs(u) <= rng.uniform(1, 2.2 * most))
    else:
        sx = rng.uniform(0.3, most)
        sy = sx if rng.random() < 0.6 else rng.uniform(0.3, most)
        k = np.exp(-0.5 * ((u / sx) ** 2 + (v / sy) ** 2))
    return (k / k.sum()).astype(np.float32)


def random_damage(x, rng, shares):
    """Damage of random strength; shares: how often it is light, middling, strong."""
    hurt = rng.choice([rng.uniform(0, 0.25), rng.uniform(0.25, 0.65), rng.uniform(0.65, 1.1)], p=shares)
    y = cv2.filter2D(x, -1, blur_kernel(rng, 0.5 + 2.1 * hurt), borderType=cv2.BORDER_REFLECT) if rng.random() < 0.92 else x
    times = 1 + hurt * rng.uniform(1.5, 4.0) if rng.random() < 0.92 else 1.0
    y = shrink(y, times, (cv2.INTER_AREA, cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)[rng.integers(4)])
    if rng.random() < 0.85:
        shape = y.shape if rng.random() < 0.75 else y.shape[:2] + (1,)
        y = y + rng.standard_normal(shape) * rng.uniform(0.2, 1.2) * (1.0 + 9 * hurt) / 255
    y = y.clip(0, 1)
    if rng.random() < 0.85:
        y = jpeg(y, min(98, rng.uniform(86, 99) - 34 * hurt * rng.uniform(0.3, 1.2)))
    return enlarge(y, x.shape[0])

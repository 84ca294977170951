"""The synthetic faces that both models learn from, and which of them are kept out of training.

SFHQ's faces belong to nobody (no person was photographed) and their author published them as free of licence and privacy claims.
Pictures are BGR uint8, squares of 264 to 512 px, aligned alike: eyes, nose and mouth lie at the same places in all of them."""
import glob
import os
import random

import cv2
import numpy as np

HELD_OUT = 40


def find_shared(given):
    """The folder that holds faces/, photos/ and weights/: as given, else GPEN_SHARED, else ../shared beside the repository."""
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "shared")
    return os.path.abspath(given or os.environ.get("GPEN_SHARED") or beside)


def face_files(shared):
    """(held out, training): the same split for every model and every run."""
    files = sorted(glob.glob(os.path.join(shared, "faces", "*.jpg")))
    if len(files) <= HELD_OUT:
        raise SystemExit(f"{shared}/faces holds {len(files)} faces: give --shared")
    random.Random(7).shuffle(files)
    return files[:HELD_OUT], files[HELD_OUT:]


def read_faces(files):
    return [cv2.imread(f) for f in files]


def place(face, size, zoom=0.95, degrees=0.0, shift=(0.0, 0.0)):
    """A face warped to a square of `size` px, float32 0..255."""
    side = face.shape[0]
    m = cv2.getRotationMatrix2D((side / 2, side / 2), degrees, zoom * size / side)
    m[:, 2] += size / 2 - side / 2 + np.asarray(shift)
    flags = cv2.INTER_CUBIC if zoom * size > side * 0.7 else cv2.INTER_AREA
    if flags == cv2.INTER_AREA:                               # warpAffine has no area filter: halve first, then warp
        face = cv2.resize(face, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        return place(face, size, zoom, degrees, shift)
    return cv2.warpAffine(face.astype(np.float32), m, (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT_101).clip(0, 255)


def soft_mask(size, rng):
    """A random half plane with a soft edge, 0..1: where one face passes into another."""
    angle, y, x = rng.uniform(0, 2 * np.pi), *np.mgrid[:size, :size].astype(np.float32)
    distance = (x - size / 2) * np.cos(angle) + (y - size / 2) * np.sin(angle) + rng.uniform(-0.2, 0.2) * size
    return (1 / (1 + np.exp(-distance / (0.03 * size))))[..., None].astype(np.float32)


def mix(a, b, rng):
    """A new face of two: one side of a line from each, the second's colours fitted to the first's."""
    b = (b - b.mean((0, 1))) * (a.std((0, 1)) / (b.std((0, 1)) + 1)) + a.mean((0, 1))
    m = soft_mask(a.shape[0], rng)
    return a * m + b.clip(0, 255) * (1 - m)


def varied(faces, size, rng):
    """One training face: a random face, or two mixed, moved, turned, mirrored, recoloured, now and then grey or sepia.
    Returns float32 [size,size,3] BGR 0..1."""
    move = dict(zoom=rng.uniform(0.82, 1.2), degrees=rng.uniform(-10, 10), shift=rng.uniform(-0.05, 0.05, 2) * size)
    x = place(faces[rng.integers(len(faces))], size, **move)
    if rng.random() < 0.3:
        x = mix(x, place(faces[rng.integers(len(faces))], size, **move), rng)
    if rng.random() < 0.5:
        x = x[:, ::-1]
    if rng.random() < 0.4:
        x = x * rng.uniform(0.75, 1.25, 3)
    if rng.random() < 0.3:
        x = 255 * (x.clip(0, 255) / 255) ** rng.uniform(0.7, 1.5)
    if rng.random() < 0.15:
        grey = x @ np.array([0.114, 0.587, 0.299])
        tint = np.array([1.0, 1.0, 1.0]) if rng.random() < 0.6 else np.array([0.72, 0.9, 1.05])
        x = grey[..., None] * tint
    return np.ascontiguousarray(x.clip(0, 255), np.float32) / 255

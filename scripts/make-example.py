#!/usr/bin/env python3
"""Makes the example pictures of ./run.sh and the README out of assets/example/astronaut.png (NASA, public domain).

    python3 scripts/make-example.py          needs python3-numpy and python3-opencv

    face-original.png    the astronaut's face, aligned as GPEN wants it, 256x256: what a restoration would ideally find
    face-degraded.png    the same made small, blurred, noisy and JPEG-compressed, then enlarged again: what it is given
    photo-degraded.jpg   the whole photo, blurred, made small, noisy and compressed, then enlarged again

The same photo gives the same pictures each time: the noise has a fixed seed. All results are committed, so that
nobody needs Python to see the example.
"""
import pathlib

import cv2
import numpy as np

SIZE = 256
REDUCTION = 2
FACE_BLUR, PHOTO_BLUR = 2.4, 1.4  # sigma in pixels; the face is about as large in its crop as twice in the photo
NOISE_SIGMA = 2.0
JPEG_QUALITY = 70
NOISE_SEED = 1

# Pixels in astronaut.png, read off an enlargement: eyes, tip of the nose, corners of the mouth.
LANDMARKS = np.array([[203.5, 101.3], [246.5, 103.2], [223.0, 126.5], [203.2, 140.0], [246.0, 140.5]])

# Where GPEN's training data has them, in a 96x112 crop that is made square and padded by a quarter on each side.
TEMPLATE_96x112 = np.array([[30.29459953, 51.69630051], [65.53179932, 51.50139999], [48.02519989, 71.73660278],
                            [33.54930115, 92.3655014], [62.72990036, 92.20410156]])
TEMPLATE = (TEMPLATE_96x112 + [8.0, 0.0] + 112 * 0.25) * (SIZE / 168.0)


def similarity(source, target):
    """Rotation, scale and shift (2x3) that bring source [n,2] nearest to target [n,2] in the least squares.

    As complex numbers a similarity is z -> a z + b, and a is an ordinary linear fit."""
    from_, to = source @ [1, 1j], target @ [1, 1j]
    centred = from_ - from_.mean()
    a = np.vdot(centred, to - to.mean()) / np.vdot(centred, centred)
    b = to.mean() - a * from_.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def degrade(picture, blur):
    small = cv2.resize(cv2.GaussianBlur(picture, (0, 0), blur), None, fx=1 / REDUCTION, fy=1 / REDUCTION,
                       interpolation=cv2.INTER_AREA)
    noise = np.random.RandomState(NOISE_SEED).normal(0, NOISE_SIGMA, small.shape)
    noisy = np.clip(np.rint(small + noise), 0, 255).astype(np.uint8)
    done, compressed = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise SystemExit("make-example: OpenCV could not write a JPEG")
    return cv2.resize(cv2.imdecode(compressed, cv2.IMREAD_COLOR), picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)


def write(path, image):
    if not cv2.imwrite(str(path), image):
        raise SystemExit(f"make-example: could not write {path}")
    print(path)


def main():
    folder = pathlib.Path(__file__).resolve().parent.parent / "assets" / "example"
    photo = cv2.imread(str(folder / "astronaut.png"))
    if photo is None:
        raise SystemExit(f"make-example: could not read {folder / 'astronaut.png'}")
    face = cv2.warpAffine(photo, similarity(LANDMARKS, TEMPLATE), (SIZE, SIZE), flags=cv2.INTER_CUBIC)
    write(folder / "face-original.png", face)
    write(folder / "face-degraded.png", degrade(face, FACE_BLUR))
    write(folder / "photo-degraded.jpg", degrade(photo, PHOTO_BLUR))


if __name__ == "__main__":
    main()

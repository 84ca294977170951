#!/usr/bin/env python3
"""Makes COUNT photos of mixed sizes and formats out of a few: what people have in one folder.

    mixed_photos.py OUT COUNT PHOTO...

Long edges from 640 to 5760 pixels, JPEG, PNG, WebP and TIFF, portrait and landscape, one to many faces as the photos have
them. The same arguments make the same files. Developers only: needs OpenCV."""
import pathlib
import sys

import cv2

EDGES = (1600, 3000, 900, 4000, 2400, 640, 1280, 5760, 2000, 3600)
ENDINGS = ("jpg", "jpg", "png", "jpg", "webp", "jpg", "jpg", "jpg", "tiff", "jpg")


def make(photo, edge, upright):
    height, width = photo.shape[:2]
    if upright and width > height:  # the middle of it, three by four
        wanted = height * 3 // 4
        left = (width - wanted) // 2
        photo = photo[:, left : left + wanted]
    scale = edge / max(photo.shape[:2])
    return cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def main():
    out, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    photos = [cv2.imread(path) for path in sys.argv[3:]]
    if any(photo is None for photo in photos):
        raise SystemExit("one of the photos cannot be read")
    out.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        made = make(photos[i % len(photos)], EDGES[i * 7 % len(EDGES)], i % 3 != 0)
        # formats and sizes repeat in different turns, so that each size comes in several formats
        path = out / f"{i:03d}.{ENDINGS[(i + i // len(ENDINGS)) % len(ENDINGS)]}"
        if not cv2.imwrite(str(path), made):
            raise SystemExit(f"{path} cannot be written")


if __name__ == "__main__":
    main()

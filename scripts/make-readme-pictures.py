#!/usr/bin/env python3
"""Makes the README's pictures with the built program and the bundled models alone.

    python3 scripts/make-readme-pictures.py [build/gpen]          needs python3-opencv

    docs/images/photo-restored.jpg   assets/example/photo-degraded.jpg as the program restores it at full strength
    docs/images/face-before.jpg      the face in the one, twice as large
    docs/images/face-after.jpg       and in the other"""
import os
import pathlib
import subprocess
import sys
import tempfile

import cv2

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROWS, COLUMNS = slice(30, 230), slice(120, 320)  # around the face


def main():
    program = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "gpen")
    before, images = ROOT / "assets" / "example" / "photo-degraded.jpg", ROOT / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        after = os.path.join(folder, "restored.png")
        environment = {**os.environ, "GPEN_HOME": os.path.join(folder, "home"), "GPEN_ASSETS": str(ROOT / "assets" / "weights")}
        subprocess.run([program, "enhance", before, "-o", after, "--strength", "100", "--quiet"], check=True, env=environment)
        restored = cv2.imread(after)
    cv2.imwrite(str(images / "photo-restored.jpg"), restored, [cv2.IMWRITE_JPEG_QUALITY, 93])
    for name, photo in (("face-before.jpg", cv2.imread(str(before))), ("face-after.jpg", restored)):
        face = cv2.resize(photo[ROWS, COLUMNS], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(images / name), face, [cv2.IMWRITE_JPEG_QUALITY, 93])


if __name__ == "__main__":
    main()

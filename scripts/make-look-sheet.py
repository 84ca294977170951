#!/usr/bin/env python3
"""Makes docs/images/look.jpg, the sheet of docs/LOOK.md, with the built program and the bundled models alone.

    python3 scripts/make-look-sheet.py [build/gpen] [OUT]          needs python3-opencv

The face in assets/example/photo-degraded.jpg, twice as large: a row for each mode, columns as it came and at strengths 30, 60 and 100."""
import os
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROWS, COLUMNS = slice(45, 195), slice(150, 300)  # around the face
MODES, STRENGTHS = ("natural", "strong", "detail", "plain"), (30, 60, 100)
SCALE, LABEL = 2, 26


def titled(picture, words):
    bar = np.full((LABEL, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(bar, words, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([bar, picture])


def part(path):
    return cv2.resize(cv2.imread(str(path))[ROWS, COLUMNS], None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)


def main():
    program = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "gpen")
    out = sys.argv[2] if len(sys.argv) > 2 else str(ROOT / "docs" / "images" / "look.jpg")
    photo, rows = ROOT / "assets" / "example" / "photo-degraded.jpg", []
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "GPEN_HOME": os.path.join(folder, "home"), "GPEN_ASSETS": str(ROOT / "assets" / "weights")}
        for mode in MODES:
            row = [titled(part(photo), "as it came")]
            for strength in STRENGTHS:
                result = os.path.join(folder, f"{mode}-{strength}.png")
                subprocess.run([program, "enhance", photo, "-o", result, "--mode", mode, "--strength", str(strength), "--quiet"], check=True,
                               env=environment)
                row.append(titled(part(result), f"{mode} {strength}"))
            rows.append(np.hstack(row))
    if not cv2.imwrite(out, np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 92]):
        raise SystemExit(f"make-look-sheet: could not write {out}")
    print(out)


if __name__ == "__main__":
    main()

"""A sheet of held-out faces before and after, to be looked at: build/train/gpen-mini-sheet.png.

    python3 train/draw_gpen_mini.py [--program build/gpen] [--model FILE] [--shared DIR] [--out FILE] [--recipe middle] [--faces 24]

Each face three times: damaged, restored, original."""
import argparse
import os

import cv2
import numpy as np

import damage
import held_out

ACROSS = 4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/gpen")
    parser.add_argument("--model", default="assets/weights/gpen-mini.safetensors")
    parser.add_argument("--shared")
    parser.add_argument("--out", default="build/train/gpen-mini-sheet.png")
    parser.add_argument("--recipe", choices=list(damage.RECIPES), default="middle")
    parser.add_argument("--faces", type=int, default=24)
    a = parser.parse_args()
    originals = held_out.originals(a.shared, a.faces)
    hurt = held_out.damaged(originals, a.recipe)
    restored = held_out.restored(a.program, a.model, hurt)
    cells = [np.hstack(three) for three in zip(hurt, restored, originals)]
    cells += [np.zeros_like(cells[0])] * (-len(cells) % ACROSS)
    os.makedirs(os.path.dirname(os.path.abspath(a.out)), exist_ok=True)
    cv2.imwrite(a.out, np.vstack([np.hstack(cells[i:i + ACROSS]) for i in range(0, len(cells), ACROSS)]))
    print(a.out)


if __name__ == "__main__":
    main()

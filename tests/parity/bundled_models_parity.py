"""The bundled models keep the bounds that they were trained for, measured with the program itself; where one fell short (its card says
so), they are no worse than that.

    GPEN_SHARED=FOLDER /usr/bin/python3 tests/parity/bundled_models_parity.py BUILD [--small] [--seeds N]

train/measure_gpen_mini.py on 40 held-out faces; without --small also train/measure_retinaface_mini.py, which takes minutes. Exits 1
when a bound is missed, 77 when something is not there."""
import argparse
import importlib.util
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SHARED = os.environ.get("GPEN_SHARED", "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--seeds", type=int, help="the recipes' noise is fixed; accepted because all parity scripts are given it")
    options = parser.parse_args()
    missing = [name for name in ("cv2", "numpy", "torch") if not importlib.util.find_spec(name)]
    if missing or not os.path.isdir(os.path.join(SHARED, "faces")):
        print(f"skipped: {', '.join(missing) or 'no faces'}")
        sys.exit(77)
    assets = os.path.join(ROOT, "assets", "weights")
    scripts = [("measure_gpen_mini.py", "--no-worse", "--model", os.path.join(assets, "gpen-mini.safetensors"))]
    if not options.small:
        scripts.append(("measure_retinaface_mini.py", "--detector", os.path.join(assets, "retinaface-mini.safetensors")))
    statuses = []
    for script, *arguments in scripts:
        program = os.path.join(options.build, "gpen")
        print(script, flush=True)
        statuses.append(subprocess.run([sys.executable, os.path.join(ROOT, "train", script), "--program", program, *arguments,
                                        "--shared", SHARED]).returncode)
    sys.exit(any(statuses))


if __name__ == "__main__":
    main()

"""The example program of examples/embed.c, linked with the shared library as an outsider's program would be: it restores a
picture, and says what is wrong with files that are none.

    test_embed.py PROGRAM MODEL"""
import os
import subprocess
import sys
import tempfile

PROGRAM, MODEL = sys.argv[1:]


def ppm(width, height):
    pixels = bytes((x * 255 // width, y * 255 // height, (x + y) % 256)[c] for y in range(height) for x in range(width) for c in range(3))
    return f"P6 {width} {height} 255\n".encode() + pixels


def check(name, good):
    print(f"[       OK ] {name}" if good else f"[  FAILED  ] {name}")
    return good


def main():
    with tempfile.TemporaryDirectory() as folder:
        face, out = os.path.join(folder, "face.ppm"), os.path.join(folder, "out.ppm")
        with open(face, "wb") as f:
            f.write(ppm(100, 90))
        done = subprocess.run([PROGRAM, MODEL, face, out], capture_output=True, text=True)
        data = open(out, "rb").read() if os.path.exists(out) else b""
        good = check("embed restores a face", done.returncode == 0 and data.startswith(b"P6 64 64 255\n") and len(data) == 13 + 64 * 64 * 3)
        done = subprocess.run([PROGRAM, face, face, out], capture_output=True, text=True)
        good &= check("embed names a wrong model", done.returncode == 1 and "model_invalid" in done.stderr)
        done = subprocess.run([PROGRAM, MODEL, MODEL, out], capture_output=True, text=True)
        good &= check("embed names a wrong picture", done.returncode == 1 and "no binary PPM" in done.stderr)
    return 0 if good else 1


sys.exit(main())

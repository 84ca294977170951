"""Whole photos in this program against the reference pipeline: faces found, and the restored photo.

    GPEN_SHARED=FOLDER /usr/bin/python3 tests/parity/photo_parity.py BUILD [--small] [--seeds N]

Faces: the real detector on the group photo, as it is and enlarged three times (which takes the reduction of large photos): the same
faces, boxes and landmarks within half a pixel. Photos: random GPEN-256 and ParseNet weights, mode plain at strength 100:
inside the masks at most one level off in 99.9 % of the samples, outside the photo's own; on the whole group
photo, where 24 faces overlap, without the pixels at which two masks are equally strong (see enhance_and_ties). Exits 1 on failure, 77 when something
is not there."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get("GPEN_SHARED", "")
sys.path[:0] = [HERE, os.path.join(SHARED, "reference")]
try:
    import cv2
    import numpy as np
    import torch
    import networks as N
    import pipeline as P
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

DETECTOR = os.path.join(SHARED, "weights", "retinaface-mobilenet0.25.pth")
GROUP = os.path.join(SHARED, "photos", "solvay_1927.png")


def run_photo(build, image, restorer="none", parser="none"):
    """Returns (faces [F,15], result, touched) of a BGR picture."""
    height, width = image.shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        path = {name: os.path.join(folder, name) for name in ("input", "output", "touched")}
        image[..., ::-1].tofile(path["input"])
        text = subprocess.run([os.path.join(build, "tests", "parity", "run_photo"), restorer, DETECTOR, parser, str(width),
                               str(height), path["input"], path["output"], path["touched"]], check=True, capture_output=True,
                              text=True).stdout
        faces = np.array([[float(v) for v in line.split()] for line in text.splitlines()]).reshape(-1, 15)
        if restorer == "none":
            return faces, None, None
        result = np.fromfile(path["output"], np.uint8).reshape(height, width, 3)[..., ::-1]
        return faces, result, np.fromfile(path["touched"], np.uint8).reshape(height, width) > 0


def check_faces(build, detector, image, name):
    boxes, marks = P.detect(detector, image)
    faces, _, _ = run_photo(build, image)
    bound = 0.5
    same = len(faces) == len(boxes)
    off = max(np.abs(faces[:, 1:5] - boxes[:, :4]).max(), np.abs(faces[:, 5:].reshape(-1, 5, 2) - marks).max()) if same and len(boxes) else np.inf
    scores = np.abs(faces[:, 0] - boxes[:, 4]).max() if same and len(boxes) else np.inf
    good = same and off <= bound
    print(f"{'ok' if good else 'FAILED':6} {name}: {len(faces)} faces, reference {len(boxes)}; largest difference "
          f"{off:.4f} px (bound {bound:.2f}), score {scores:.1e}", flush=True)
    return good


def check_rotated(build, detector, image):
    """A JPEG that lies on its side and says so in EXIF, through the whole program: faces in pixels of the upright photo."""
    program = os.path.join(build, "gpen")
    if not os.path.exists(program):
        return True
    tiff = b"MM\0*\0\0\0\x08\0\x01" + b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0" + b"\0\0\0\0"  # orientation 6: turn right
    exif = b"\xff\xe1" + (len(tiff) + 8).to_bytes(2, "big") + b"Exif\0\0" + tiff
    lying = cv2.imencode(".jpg", cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE), [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "lying.jpg")
        with open(path, "wb") as f:
            f.write(lying[:2] + exif + lying[2:])
        boxes, marks = P.detect(detector, cv2.imread(path))
        text = subprocess.run([program, "detect", path, "--json", "--detector", DETECTOR], check=True, capture_output=True, text=True).stdout
    found = json.loads(text)
    faces = np.array([face["box"] + [v for mark in face["landmarks"] for v in mark] for face in found["faces"]]).reshape(-1, 14)
    same = len(faces) == len(boxes) and (found["width"], found["height"]) == image.shape[1::-1]
    off = max(np.abs(faces[:, :4] - boxes[:, :4]).max(), np.abs(faces[:, 4:].reshape(-1, 5, 2) - marks).max()) if same else np.inf
    good = same and off <= 0.5
    print(f"{'ok' if good else 'FAILED':6} rotated by EXIF: {len(faces)} faces, reference {len(boxes)}; largest difference {off:.4f} px (bound 0.50)",
          flush=True)
    return good


def enhance_and_ties(image, restorer, detector, parser, size):
    """The reference's (result, faces, tied): where the strongest two masks differ by no more than float32's rounding.

    In the published pipeline a stronger mask wins a pixel, and where two faces overlap both masks are one: which is stronger there
    depends on the last bit of sums of weights, from pixel to pixel, and the last bits of the landmarks decide that."""
    masks, face_mask = [], P.face_mask
    P.face_mask = lambda *arguments: (masks.append(face_mask(*arguments)), masks[-1])[1]
    try:
        result, faces = P.enhance(image, restorer, detector, parser, size)
    finally:
        P.face_mask = face_mask
    _, marks = P.detect(detector, image)
    template, strongest = P.reference_points(size), np.zeros((2,) + image.shape[:2], np.float32)
    for mark, mask in zip(marks, masks):
        forward, inverse = P.similarity(mark, template), P.similarity(template, mark)
        scale = 1.0 / np.hypot(forward[0, 0], forward[1, 0])
        turn = inverse[:, :2] / np.hypot(inverse[0, 0], inverse[1, 0])
        inverse = np.hstack([scale * turn, (mark.mean(0) - scale * turn @ template.mean(0))[:, None]])
        warped = cv2.warpAffine(mask, inverse, image.shape[1::-1], flags=cv2.INTER_LINEAR)
        strongest[1] = np.maximum(strongest[1], np.minimum(strongest[0], warped))
        strongest[0] = np.maximum(strongest[0], warped)
    return result, faces, (strongest[1] > 0.5) & (strongest[0] - strongest[1] < 1e-6)


def check_photo(build, detector, image, seed, use_parser, count_ties, size=256):
    restorer = N.random_state(N.gpen_shapes(size, 1, 0.5), seed)
    parser = N.random_state(N.parsenet_shapes(), seed) if use_parser else None
    with tempfile.TemporaryDirectory() as folder:
        files = {"restorer": os.path.join(folder, "restorer.pth"), "parser": "none"}
        torch.save(restorer, files["restorer"])
        if parser:
            files["parser"] = os.path.join(folder, "parser.pth")
            torch.save(parser, files["parser"])
        _, result, touched = run_photo(build, image, **files)
    expected, faces, tied = enhance_and_ties(image, restorer, detector, parser, size)
    levels = np.abs(result.astype(int) - expected.astype(int))
    inside, outside = levels[touched], levels[~touched]
    kept = (result[~touched] == image[~touched]).all()
    share = (inside <= 1).mean() if inside.size else 1.0
    rest = (levels[touched & ~tied] <= 1).mean()
    counted = share if count_ties else rest
    good = counted >= 0.999 and kept and outside.max(initial=0) <= 1
    print(f"{'ok' if good else 'FAILED':6} photo {image.shape[1]}x{image.shape[0]}, {len(faces)} faces, "
          f"{'parser' if parser else 'square'}, seed {seed}: {100 * share:.4f} % of {inside.size} samples inside within one level, "
          f"{100 * rest:.4f} % without the {100 * tied[touched].mean():.1f} % where two masks are equally strong, worst {inside.max(initial=0)}, outside {'identical' if kept else 'CHANGED'}", flush=True)
    return good


def main():
    options = argparse.ArgumentParser()
    options.add_argument("build")
    options.add_argument("--small", action="store_true", help="only what takes seconds")
    options.add_argument("--seeds", type=int, default=3)
    options = options.parse_args()
    if not os.path.exists(GROUP) or not os.path.exists(DETECTOR):
        print("skipped: GPEN_SHARED has no photos or no detector")
        sys.exit(77)
    detector = torch.load(DETECTOR, map_location="cpu")
    group = cv2.imread(GROUP)
    good = check_faces(options.build, detector, group, "group photo")
    good &= check_faces(options.build, detector, cv2.resize(group, (0, 0), fx=3, fy=3), "enlarged three times")
    good &= check_rotated(options.build, detector, group)
    part = np.ascontiguousarray(group[:, : group.shape[1] // 3])
    for seed in range(1 if options.small else options.seeds):
        for use_parser in (False, True):
            good &= check_photo(options.build, detector, part, seed, use_parser, count_ties=True)
            if not options.small:
                good &= check_photo(options.build, detector, group, seed, use_parser, count_ties=False)
    if not options.small:
        large = cv2.resize(part, (0, 0), fx=3, fy=3)
        good &= check_photo(options.build, detector, large, 0, True, count_ties=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

"""Writes what tests/cli/test_bundled_detector.py compares with.

    python3 train/make_detector_fixtures.py [--shared DIR]

- tests/fixtures/pasted-faces.jpg and .json: held-out synthetic portraits on a procedural ground, from 24 to 200 px, in colour and
  grey, with hard and soft edges, and things that are no faces; the faces' boxes and landmarks.
- tests/fixtures/group-photo-faces.json: the faces that the published detector finds at 0.9 on the group photo of 1927."""
import argparse
import json
import os

import cv2
import numpy as np
import torch

from retinaface_backgrounds import clouds
from retinaface_data import Portrait, Scene, add_blob, add_fragment, add_shuffled, turned_box, warped
from retinaface_faces import detect, face_files, labelled
from retinaface_net import TEACHER_ANCHORS, load_teacher

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "tests", "fixtures")
SIDE, SIZES, TILTS = 900, (24, 28, 32, 40, 48, 60, 72, 90, 110, 140, 170, 200), (0, 8, -12, 20, 0, -6)


def arguments():
    parser = argparse.ArgumentParser(description="Write the fixtures of the bundled detector's tests.")
    parser.add_argument("--shared", default=os.environ.get("GPEN_SHARED", os.path.join(HERE, "..", "..", "shared")))
    parser.add_argument("--labels", default=os.path.join(HERE, "..", "build", "train", "retinaface-mini", "labels.json"))
    return parser.parse_args()


def pasted(options):
    rng, size = np.random.default_rng(99), SIDE
    held_out = [Portrait(*t) for t in labelled(options.shared, face_files(options.shared, True), options.labels)]
    scene, faces = Scene(clouds(rng, size)), []
    places = [(x, y) for y in (130, 350, 570, 790) for x in (110, 335, 560, 785)]
    order = rng.permutation(len(places))
    for number, extent in enumerate(SIZES):
        portrait, place = held_out[number], places[order[number]]
        turn = cv2.getRotationMatrix2D((0, 0), TILTS[number % len(TILTS)], extent / (portrait.box[2:] - portrait.box[:2]).max())
        turn[:, 2] = np.array(place) - turn[:, :2] @ ((portrait.box[:2] + portrait.box[2:]) / 2)
        patch, cover, x, y = warped(portrait, turn, (0, 1, 2, 4)[number % 4] if extent < 150 else 1, (size, size))
        if number % 3 == 2:
            patch = np.repeat(cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY)[..., None], 3, 2)
        scene.blend(patch, cover, x, y)
        faces.append({"box": turned_box(portrait.box, turn).round(2).tolist(),
                      "landmarks": (portrait.marks @ turn[:, :2].T + turn[:, 2]).round(2).tolist()})
    for number, add in zip(order[len(SIZES):], (add_fragment, add_shuffled, add_blob, add_blob)):
        add(scene, *([] if add is add_blob else [held_out[20 + number]]), rng, 90, places[number])
    cv2.imwrite(os.path.join(FIXTURES, "pasted-faces.jpg"), scene.canvas, [cv2.IMWRITE_JPEG_QUALITY, 85])
    write("pasted-faces.json", faces)


def group_photo(options):
    teacher = load_teacher(os.path.join(options.shared, "weights", "retinaface-mobilenet0.25.pth"))
    found = detect(teacher, cv2.imread(os.path.join(options.shared, "photos", "solvay_1927.png")), .9, sizes_of=TEACHER_ANCHORS)
    write("group-photo-faces.json", [{"box": np.float64(box).round(2).tolist(), "landmarks": np.float64(mark).round(2).tolist()}
                                     for _, box, mark in found])


def write(name, faces):
    with open(os.path.join(FIXTURES, name), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(face) for face in faces) + "\n]\n")


def main():
    options = arguments()
    torch.set_num_threads(1)
    pasted(options)
    group_photo(options)


if __name__ == "__main__":
    main()

"""Writes what tests/cli/test_bundled_detector.py compares with.

    python3 train/make_detector_fixtures.py [--shared DIR]

tests/fixtures/group-photo-faces.json: the faces that the published detector finds at 0.9 on the group photo of 1927."""
import argparse
import json
import os

import cv2
import numpy as np
import torch

import face_pictures
from retinaface_faces import detect
from retinaface_net import TEACHER_ANCHORS, load_teacher

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "tests", "fixtures")


def arguments():
    parser = argparse.ArgumentParser(description="Write the fixtures of the bundled detector's tests.")
    parser.add_argument("--shared", type=face_pictures.find_shared, default="")
    return parser.parse_args()


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
    group_photo(options)


if __name__ == "__main__":
    main()

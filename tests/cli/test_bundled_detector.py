#!/usr/bin/env python3
"""The bundled detector, retinaface-mini, as the program finds and uses it by itself.

train/make_detector_fixtures.py wrote what the group photo is compared with; train/measure_retinaface_mini.py measures more."""
import json
import math
import unittest
from pathlib import Path

import support

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures"
WEIGHTS = HERE.parent.parent / "assets" / "weights"
ASTRONAUT = HERE.parent.parent / "assets" / "example" / "astronaut.png"
SCORE = 0.8
# From the Debian packages lomiri-wallpapers-16.04, mate-backgrounds and plasma-workspace-wallpapers; never trained on.
NOBODY = [Path(line) for line in (HERE / "pictures_without_people.txt").read_text().split()]


def known_faces(name):
    return json.loads((FIXTURES / name).read_text())


def overlap(one, other):
    """Intersection over union of two boxes."""
    sides = [min(one[i + 2], other[i + 2]) - max(one[i], other[i]) for i in (0, 1)]
    inner = max(0, sides[0]) * max(0, sides[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return inner / (sum(areas) - inner)


def distance(face, known):
    """Mean distance of the landmarks, in distances between the eyes."""
    eyes = math.dist(*known["landmarks"][:2])
    return sum(math.dist(a, b) for a, b in zip(face["landmarks"], known["landmarks"])) / 5 / eyes


class Bundled(support.CommandLineTest):
    def environment(self, **changes):
        return super().environment(GPEN_ASSETS=str(WEIGHTS), **changes)

    def detect(self, *photos, score=SCORE):
        out = self.gpen("detect", *photos, "--json", "--min-score", str(score)).out
        return [json.loads(line)["faces"] for line in out.splitlines()]

    def compare(self, faces, known, least):
        """At least `least` of the known faces are found, the landmarks within a tenth of the eyes' distance. Returns other finds."""
        distances, others = [], list(faces)
        for want in known:
            best = max(faces, key=lambda face: overlap(face["box"], want["box"]))
            if overlap(best["box"], want["box"]) >= 0.4:
                distances.append(distance(best, want))
                others.remove(best)
        self.assertGreaterEqual(len(distances), least)
        self.assertLess(sum(distances) / len(distances), 0.1)
        return others

    def test_it_is_the_default_and_small(self):
        listed = {model["name"]: model for model in json.loads(self.gpen("models", "list", "--json").out)["models"]}
        self.assertEqual(("detector", True), tuple(listed["retinaface-mini"][key] for key in ("kind", "bundled")))
        self.assertLess(listed["retinaface-mini"]["bytes"], 1.5 * 2**20)
        self.gpen("models", "verify", "retinaface-mini")
        summary = self.gpen("enhance", ASTRONAUT, "-o", "out", "--json").summary
        self.assertEqual("retinaface-mini", summary["detector"])

    def test_the_example_picture(self):
        """One person; her name badge may pass for a second face."""
        [faces] = self.detect(ASTRONAUT)
        largest = max(faces, key=lambda face: face["box"][2] - face["box"][0])
        eyes = largest["landmarks"][:2]
        self.assertLess(max(math.dist(eyes[0], (203.5, 101.3)), math.dist(eyes[1], (246.5, 103.2))), 8)

    @unittest.skipUnless(support.SHARED and (support.SHARED / "photos" / "solvay_1927.png").exists(),
                         "GPEN_SHARED does not name a folder with photos/solvay_1927.png")
    def test_the_solvay_conference(self):
        """29 people; the published detector finds all of them at 0.9."""
        [faces] = self.detect(support.SHARED / "photos" / "solvay_1927.png")
        self.assertLessEqual(len(self.compare(faces, known_faces("group-photo-faces.json"), 25)), 1)

    def test_pictures_without_people(self):
        missing = [picture for picture in NOBODY if not picture.exists()]
        if missing:
            self.skipTest(f"{len(missing)} of {len(NOBODY)} pictures are not installed: lomiri-wallpapers-16.04, mate-backgrounds, "
                          "plasma-workspace-wallpapers")
        self.assertEqual(20, len(NOBODY))
        found = {picture.name: len(faces) for picture, faces in zip(NOBODY, self.detect(*NOBODY)) if faces}
        self.assertEqual({}, found)


if __name__ == "__main__":
    support.main()

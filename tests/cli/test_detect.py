#!/usr/bin/env python3
"""gpen detect: where the faces are, as a table and for programs."""
import json
import os
import struct
import unittest

import support
from support import face_at, marked_photo

MARKS = [("large", 2, 2), ("small", 7, 5), ("doubtful", 7, 1)]


class Detecting(support.CommandLineTest):
    def setUp(self):
        super().setUp()
        self.install_detector()
        (self.root / "photo.png").write_bytes(marked_photo(320, 256, MARKS))

    def detect(self, *arguments, **options):
        return [json.loads(line) for line in self.gpen("detect", "--json", *arguments, **options).out.splitlines()]

    def assert_is_face(self, expected, face, tolerance=0.5):
        box, landmarks = expected
        for want, got in zip(box + sum(landmarks, []), face["box"] + sum(face["landmarks"], [])):
            self.assertAlmostEqual(want, got, delta=tolerance)

    def test_faces_are_where_they_are(self):
        [photo] = self.detect("photo.png")
        self.assertEqual({"input", "width", "height", "faces", "reason", "message"}, set(photo))
        self.assertEqual(("photo.png", 320, 256, None), tuple(photo[key] for key in ("input", "width", "height", "reason")))
        faces = sorted(photo["faces"], key=lambda face: face["box"][0])
        self.assertEqual(2, len(faces))
        self.assert_is_face(face_at(*MARKS[0]), faces[0])
        self.assert_is_face(face_at(*MARKS[1]), faces[1])
        for face in faces:
            self.assertEqual({"box", "score", "landmarks"}, set(face))
            self.assertGreater(face["score"], 0.99)

    def test_the_least_score(self):
        self.assertEqual(3, len(self.detect("photo.png", "--min-score", "0.5")[0]["faces"]))
        self.assertEqual(0, len(self.detect("photo.png", "--min-score", "1")[0]["faces"]))
        for value in ("0", "1.01", "nan", "much", "0.5x"):
            self.assertIn("from 0.02 to 1", self.gpen("detect", "photo.png", "--min-score", value, expect=2).err)

    def test_a_table(self):
        text = self.gpen("detect", "photo.png").out
        self.assertIn("photo.png: 2 faces, 320x256", text)
        self.assertEqual(4, len(text.splitlines()))

    def test_one_bad_photo_costs_no_other(self):
        (self.root / "bad.png").write_text("no picture")
        photos = self.detect("bad.png", "photo.png", "nowhere.png", expect=1)
        self.assertEqual(["unreadable", None, "input_missing"],
                         ["unreadable" if photo["reason"] == "unsupported_format" else photo["reason"] for photo in photos])
        self.assertEqual([0, 2, 0], [len(photo["faces"]) for photo in photos])
        outcome = self.gpen("detect", "bad.png", "photo.png", expect=1)
        self.assertIn("bad.png", outcome.err)
        self.assertIn("2 faces", outcome.out)

    def test_a_photo_too_small_for_a_face(self):
        support.write_png(self.root / "small.png", 20, 20)
        self.assertEqual([], self.detect("small.png")[0]["faces"])

    def test_a_folder(self):
        for name in ("a", "sub/b"):
            path = self.root / "in" / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(marked_photo(64, 64, []))
        self.assertEqual(["in/a.png", "in/sub/b.png"], [photo["input"] for photo in self.detect("in")])

    def test_a_photo_that_lies_on_its_side(self):
        """The camera's pixels are the photo turned a quarter to the left; EXIF says to turn them back."""
        width, height, channels, bits, samples = support.read_png(self.root / "photo.png")

        def turned(x, y, c):
            return samples[(x * width + (width - 1 - y)) * channels + c]
        (self.root / "turned.png").write_bytes(support.pack_png(height, width, channels, bits, turned))
        self.gpen("enhance", "turned.png", "-o", "turned.jpg", "--min-face", "1000")
        jpeg = (self.root / "turned.jpg").read_bytes()
        entry = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
        exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
        (self.root / "exif.jpg").write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:])
        [photo] = self.detect("exif.jpg")
        self.assertEqual((320, 256), (photo["width"], photo["height"]))
        faces = sorted(photo["faces"], key=lambda face: face["box"][0])
        self.assertEqual(2, len(faces))
        self.assert_is_face(face_at(*MARKS[0]), faces[0])
        self.assert_is_face(face_at(*MARKS[1]), faces[1])

    def test_what_cannot_start(self):
        self.gpen("detect", expect=2)
        self.gpen("detect", "photo.png", "--detector", "nothing", expect=3)
        self.assertIn("RetinaFace", self.gpen("detect", "photo.png", "--detector", "gpen-mini", expect=3).err)
        (self.home / "data" / "models" / "marks.safetensors").unlink()
        self.assertIn("gpen models import", self.gpen("detect", "photo.png", expect=3).err)


@unittest.skipUnless(support.SHARED and (support.SHARED / "weights" / "retinaface-mobilenet0.25.pth").exists(),
                     "GPEN_SHARED does not name a folder with weights/retinaface-mobilenet0.25.pth")
class RealFaces(support.CommandLineTest):
    # The published code's first five on this photo: left, top, right, bottom, score.
    known = [(843.2106, 145.7645, 904.8033, 224.6069, 0.998697), (171.5759, 150.4790, 231.8727, 236.5258, 0.991192),
             (1122.3774, 130.0568, 1200.9049, 239.1094, 0.990967), (923.2017, 175.3108, 990.3353, 275.8215, 0.989297),
             (443.7109, 130.5114, 503.1291, 217.3705, 0.988019)]

    def test_the_solvay_conference(self):
        detector = support.SHARED / "weights" / "retinaface-mobilenet0.25.pth"
        photo = support.SHARED / "photos" / "solvay_1927.png"
        found = json.loads(self.gpen("detect", photo, "--detector", detector, "--json").out)
        self.assertEqual((1328, 568, 24), (found["width"], found["height"], len(found["faces"])))
        for (*box, score), face in zip(self.known, found["faces"]):
            self.assertAlmostEqual(score, face["score"], delta=1e-3)
            for want, got in zip(box, face["box"]):
                self.assertAlmostEqual(want, got, delta=0.5)
        self.assertEqual(os.fspath(photo), found["input"])


if __name__ == "__main__":
    support.main()

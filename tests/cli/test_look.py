#!/usr/bin/env python3
"""gpen enhance: how the results look. What the filters do by themselves is tests/finish's, what modes and strength do to a face
tests/portrait's; here it is what a person asked for that arrives."""
import unittest

import support
from support import MARK_CELL, face_at, marked_photo, read_png

LARGE, OTHER, SMALL = ("large", 2, 2), ("large", 8, 2), ("small", 2, 6)
MARKS = [LARGE, OTHER, SMALL]
WIDTH, HEIGHT = 352, 288
WHOLE = ("denoise", "sharpen", "contrast", "brightness", "fading", "dust")
FACES = ("skin-protect", "detail-boost")


class LookTest(support.CommandLineTest):
    def setUp(self):
        super().setUp()
        self.install_detector()
        self.write("photo.png")

    def write(self, name, marks=tuple(MARKS), **options):
        (self.root / name).write_bytes(marked_photo(WIDTH, HEIGHT, marks, **options))

    def result(self, *arguments, photo="photo.png"):
        """(item of the report, samples)"""
        [item] = self.gpen("enhance", photo, "-o", "out.png", "--overwrite", "--json", *map(str, arguments)).items
        return item, read_png(self.root / "out.png")[4]

    def original(self, photo="photo.png"):
        return read_png(self.root / photo)[4]

    def changed(self, samples, photo="photo.png", step=3):
        old = self.original(photo)
        return {(at // step % WIDTH, at // step // WIDTH) for at in range(0, len(old), step) if old[at:at + step] != samples[at:at + step]}

    @staticmethod
    def near(mark, x, y):
        return abs(x - MARK_CELL * (mark[1] + 0.5)) < 72 and abs(y - MARK_CELL * (mark[2] + 0.5)) < 72


class Strength(LookTest):
    def test_none_is_the_photo_in_every_mode(self):
        for channels, bits in ((3, 8), (4, 16)):
            self.write("photo.png", channels=channels, bits=bits)
            for mode in ("natural", "strong", "detail", "plain"):
                item, samples = self.result("--mode", mode, "--strength", 0)
                self.assertTrue(samples == self.original(), mode)
                self.assertEqual({"chosen_off"}, {face["state"] for face in item["faces"]})
                self.assertEqual(0, item["restored"])
                self.assertFalse(item["receipt"]["altered_by_model"])

    def test_of_single_faces(self):
        numbers = {}
        for number, face in enumerate(self.result()[0]["faces"], 1):
            for mark in MARKS:
                if [round(v) for v in face["box"][:2]] == [round(v) for v in face_at(*mark)[0][:2]]:
                    numbers[mark] = number
        item, samples = self.result("--face-strength", f"{numbers[LARGE]}=0,{numbers[SMALL]}=35")
        states = {mark: item["faces"][number - 1] for mark, number in numbers.items()}
        self.assertEqual(("chosen_off", 0), (states[LARGE]["state"], states[LARGE]["strength"]))
        self.assertEqual(("restored", 35), (states[SMALL]["state"], states[SMALL]["strength"]))
        self.assertEqual(("restored", 80), (states[OTHER]["state"], states[OTHER]["strength"]))
        self.assertEqual({str(numbers[LARGE]): 0, str(numbers[SMALL]): 35}, item["receipt"]["face_strengths"])
        self.assertEqual(2, item["restored"])
        changed = self.changed(samples)
        self.assertTrue(changed)
        for x, y in changed:
            self.assertTrue(self.near(OTHER, x, y) or self.near(SMALL, x, y), (x, y))

    def test_a_face_that_a_person_points_at(self):
        own = self.result()[0]["faces"]
        boxes = [[1, 200, 61.0, 270], [180, 1, 230, 51]]
        item, _ = self.result("--add-face", ";".join(",".join(f"{v:.0f}" for v in box) for box in boxes), "--faces", 1, "--likeness", "off")
        self.assertEqual([face["box"] for face in own], [face["box"] for face in item["faces"][:len(own)]])
        self.assertEqual(len(own) + 2, len(item["faces"]))
        self.assertEqual(["restored"] * 2, [face["state"] for face in item["faces"][len(own):]])
        self.assertEqual(3, item["restored"])
        self.assertEqual(boxes, item["receipt"]["extra_faces"])
        self.gpen("enhance", "photo.png", "-o", "boxes.jpg", "--add-face", "1,200,61,270", "--likeness", "off")
        self.assertIn(b"ExtraFaces>1,200,61,270<", (self.root / "boxes.jpg").read_bytes())

    def test_modes_differ(self):
        results = {self.result("--mode", mode)[1] for mode in ("natural", "strong", "detail", "plain")}
        self.assertEqual(4, len(results))


class Controls(LookTest):
    def test_each_acts_and_stands_in_the_receipt(self):
        without = self.result()[1]
        for control in WHOLE + FACES:
            item, samples = self.result(f"--{control}", 80)
            field = control.replace("-", "_")
            self.assertEqual(80, item["receipt"][field])
            for other in WHOLE + FACES:
                if other != control:
                    self.assertEqual(0, item["receipt"][other.replace("-", "_")])
            if control not in ("fading", "dust"):  # there may be nothing to do for these
                self.assertNotEqual(without, samples, control)

    def test_what_is_on_stands_in_the_results_metadata(self):
        every = [word for control in WHOLE + FACES for word in (f"--{control}", "40")]
        self.gpen("enhance", "photo.png", "-o", "out.jpg", "--mode", "detail", "--face-strength", "1=35", *every)
        data = (self.root / "out.jpg").read_bytes()
        for words in (b"Mode>detail<", b"FaceStrengths>1=35<", b"LikenessGuard>off<", b"Denoise>40<", b"SkinProtect>40<", b"Dust>40<"):
            self.assertTrue(words in data, words)
        self.gpen("enhance", "photo.png", "-o", "plain.jpg")
        data = (self.root / "plain.jpg").read_bytes()
        self.assertFalse(b"Denoise" in data or b"FaceStrengths" in data)

    def test_a_face_changes_nothing_outside_it(self):
        for bits in (8, 16):
            self.write("photo.png", channels=4, bits=bits)
            _, samples = self.result("--skin-protect", 100)
            step = bits // 2
            old = self.original()
            for x, y in self.changed(samples, step=step):
                self.assertTrue(any(self.near(mark, x, y) for mark in MARKS), (x, y))
            alpha = slice(3 * bits // 8, None)
            self.assertTrue(all(old[at:at + step][alpha] == samples[at:at + step][alpha] for at in range(0, len(old), step)))

    def test_a_photo_without_a_face(self):
        self.write("blank.png", marks=[])
        _, samples = self.result("--skin-protect", 100, "--detail-boost", 100, photo="blank.png")
        self.assertTrue(samples == self.original("blank.png"))
        item, samples = self.result("--brightness", 50, photo="blank.png")
        self.assertGreater(sum(samples), sum(self.original("blank.png")))
        self.assertFalse(item["receipt"]["altered_by_model"])

    def test_grey_stays_grey(self):
        self.write("grey.png", marks=[], channels=1, bits=16)
        _, samples = self.result("--brightness", 50, "--sharpen", 50, "--denoise", 50, photo="grey.png")
        self.assertEqual(2 * WIDTH * HEIGHT, len(samples))
        self.assertNotEqual(self.original("grey.png"), samples)

    def test_crops_are_finished_too(self):
        support.write_png(self.root / "face.png", 64, 64)
        def made(*arguments):
            self.gpen("enhance", "--aligned", "face.png", "-o", "crop.png", "--overwrite", *arguments)
            return read_png(self.root / "crop.png")[4]
        self.assertGreater(sum(made("--brightness", "60")), sum(made()))
        self.assertNotEqual(made("--mode", "natural"), made("--mode", "plain"))

    def test_threads_do_not_change_the_result(self):
        every = [word for control in WHOLE + FACES for word in (f"--{control}", "40")]
        self.assertTrue(self.result("--threads", 1, *every)[1] == self.result("--threads", 3, *every)[1])


if __name__ == "__main__":
    support.main()

#!/usr/bin/env python3
"""gpen enhance: whole photos, with their faces."""
import hashlib
import os
import unittest

import support
from support import face_at, marked_photo, read_png, write_png

LARGE, OTHER, SMALL, DOUBTFUL = ("large", 2, 2), ("large", 8, 2), ("small", 2, 6), ("doubtful", 8, 6)
MARKS = [LARGE, OTHER, SMALL, DOUBTFUL]
WIDTH, HEIGHT = 352, 288
STATES = {"restored", "too_small", "low_score", "not_chosen", "chosen_off", "likeness"}


class PhotoTest(support.CommandLineTest):
    def setUp(self):
        super().setUp()
        self.install_detector()

    def write_photo(self, name="photo.png", marks=tuple(MARKS), width=WIDTH, height=HEIGHT, **options):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(marked_photo(width, height, marks, **options))

    def write_blank(self, name, width=64, height=64, **options):
        self.write_photo(name, [], width, height, **options)

    def restore(self, *arguments, **options):
        return self.gpen("enhance", *arguments, **options)

    def assert_same_picture(self, before, after):
        self.assertTrue(read_png(self.root / before) == read_png(self.root / after), (before, after))

    def states(self, *arguments, **options):
        """The state of each face, by where its box begins."""
        [item] = self.restore("photo.png", "-o", "out", "--overwrite", "--json", *arguments, **options).items
        return {tuple(round(value) for value in face["box"][:2]): face["state"] for face in item["faces"]}

    def key(self, mark):
        return tuple(round(value) for value in face_at(*mark)[0][:2])

    def pixels_that_differ(self, before, after):
        """Coordinates of the pixels that are not the same; both PNGs are as large and of the same kind."""
        width, height, channels, bits, old = read_png(self.root / before)
        self.assertEqual((width, height, channels, bits), read_png(self.root / after)[:4])
        new, step = read_png(self.root / after)[4], channels * bits // 8
        return {(at // step % width, at // step // width) for at in range(0, len(old), step) if old[at:at + step] != new[at:at + step]}


class Faces(PhotoTest):
    def test_what_becomes_of_each(self):
        self.write_photo()
        states = self.states()
        self.assertEqual({self.key(LARGE): "restored", self.key(OTHER): "restored", self.key(SMALL): "restored",
                          self.key(DOUBTFUL): "low_score"}, states)
        self.assertEqual("too_small", self.states("--min-face", "25")[self.key(SMALL)])
        self.assertEqual("restored", self.states("--min-face", "24")[self.key(SMALL)])
        self.assertEqual(["not_chosen", "not_chosen", "restored"],
                         sorted(state for key, state in self.states("--faces", "largest").items()
                                if key != self.key(DOUBTFUL)))
        self.assertEqual("not_chosen", self.states("--faces", "2")[self.key(SMALL)])
        self.assertEqual(states, self.states("--faces", "all"))

    def test_nothing_else_is_touched(self):
        for channels, bits in ((3, 8), (4, 8), (3, 16), (1, 8)):
            name = f"{channels}-{bits}.png"
            self.write_photo(name, channels=channels, bits=bits, marks=MARKS if channels > 1 else [])  # marks are colours
            self.restore(name, "-o", "out")
            differing = self.pixels_that_differ(name, f"out/{name}")
            self.assertEqual(channels > 1, bool(differing), name)
            for x, y in differing:
                near = any(abs(x - (column + 0.5) * 32) < 72 and abs(y - (row + 0.5) * 32) < 72
                           for _, column, row in (LARGE, OTHER, SMALL))
                self.assertTrue(near, (name, x, y))
            for mark in (LARGE, OTHER, SMALL) if channels > 1 else ():
                left, top, right, bottom = face_at(*mark)[0]
                inside = sum(left < x < right and top < y < bottom for x, y in differing)
                self.assertGreater(inside, 0.4 * (right - left) * (bottom - top), mark)
            if channels == 4:
                old, new = read_png(self.root / name)[4], read_png(self.root / "out" / name)[4]
                self.assertEqual(old[3::4], new[3::4])

    def test_modes_and_strengths_differ(self):
        self.write_photo()
        results = set()
        for options in ([], ["--mode", "plain"], ["--strength", "30"], ["--mode", "plain", "--strength", "100"]):
            self.restore("photo.png", "-o", "out.png", "--overwrite", *options)
            results.add(read_png(self.root / "out.png")[4])
        self.assertEqual(4, len(results))

    def test_threads_do_not_change_the_result(self):
        self.write_photo()
        for threads in ("1", "3"):
            self.restore("photo.png", "-o", f"{threads}.png", "--threads", threads)
        self.assert_same_picture("1.png", "3.png")

    def test_faces_by_themselves(self):
        self.write_photo("in/a.png")
        self.write_photo("in/faces/a.png")
        self.restore("in/a.png", "-o", "a.webp")
        (self.root / "a.webp").rename(self.root / "in" / "a.webp")
        outcome = self.restore("in", "-o", "out", "--save-faces", "--json")
        crops = [f"face{number}{part}.png" for number in (1, 2, 3) for part in ("", "-before")]
        self.assertEqual(sorted(["a.png", "a.webp", "faces-2/a.png"] + [f"faces/{stem}-{crop}" for crop in crops for stem in
                                                                        ("a", "a-2", "faces-2/a")]), self.files())
        for item in outcome.items:
            self.assertEqual([], item["notes"])
        self.assertEqual((64, 64, 3, 8), read_png(self.root / "out" / "faces" / "a-face1.png")[:4])
        self.assertNotEqual(read_png(self.root / "out" / "faces" / "a-face1.png"),
                            read_png(self.root / "out" / "faces" / "a-face1-before.png"))
        self.restore("in/a.png", "-o", "single.png", "--save-faces", "--faces", "largest")
        self.assertEqual(2, len(list((self.root / "faces").glob("single-face?*.png"))))

    def test_a_face_that_cannot_be_saved_costs_nothing(self):
        self.write_photo()
        (self.root / "out").mkdir()
        (self.root / "out" / "faces").write_text("in the way")
        [item] = self.restore("photo.png", "-o", "out", "--save-faces", "--json").items
        self.assertEqual(("done", 3), (item["state"], item["restored"]))
        self.assertIn("not saved by itself", item["notes"][0])


class WithoutFaces(PhotoTest):
    def test_the_photo_comes_out_unchanged(self):
        for channels in (1, 2, 3, 4):
            for bits in (8, 16):
                name = f"{channels}-{bits}.png"
                self.write_blank(name, channels=channels, bits=bits)
                outcome = self.restore(name, "-o", "out")
                self.assertIn("no face found", outcome.out)
                self.assertIn("1 photo without a face", outcome.out)
                self.assert_same_picture(name, f"out/{name}")
        self.assertIn("未找到人脸", self.restore("1-8.png", "-o", "zh", LC_ALL="zh_CN.UTF-8").out)

    def test_when_one_is_required(self):
        self.write_blank("blank.png")
        self.write_photo()
        self.write_photo("doubtful.png", marks=[DOUBTFUL])
        items = self.restore("blank.png", "photo.png", "doubtful.png", "-o", "out", "--require-face", "--json", expect=1).items
        self.assertEqual(["no_face", None, "no_face"], [item["reason"] for item in items])
        self.assertEqual(["photo.png"], self.files())
        outcome = self.restore("blank.png", "-o", "out", "--require-face", expect=1)
        self.assertIn("No face was found in the picture.", outcome.err)

    def test_a_photo_too_small_for_a_face(self):
        self.write_blank("small.png", 9, 7)
        self.restore("small.png", "-o", "out")
        self.assert_same_picture("small.png", "out/small.png")

    def test_the_format_alone(self):
        self.write_blank("a.png", 200, 100)
        self.restore("a.png", "-o", "out", "--format", "tiff")
        self.restore("out/a.tif", "-o", "back.png")
        self.assert_same_picture("a.png", "back.png")
        self.restore("a.png", "-o", "edge.png", "--max-edge", "50")
        self.assertEqual((50, 25), read_png(self.root / "edge.png")[:2])
        self.restore("a.png", "-o", "same.png", "--max-edge", "200")
        self.assert_same_picture("a.png", "same.png")


class Report(PhotoTest):
    def test_for_programs(self):
        self.write_photo()
        self.write_blank("blank.png")
        outcome = self.restore("photo.png", "blank.png", "-o", "out", "--json", "--mode", "plain", "--strength", "70")
        photo, blank = outcome.items
        self.assertEqual((WIDTH, HEIGHT, 3), (photo["width"], photo["height"], photo["restored"]))
        self.assertEqual({"load", "enhance", "save"}, set(photo["seconds"]))
        self.assertEqual(4, len(photo["faces"]))
        for face in photo["faces"]:
            self.assertEqual({"box", "score", "landmarks", "state", "message", "seconds", "strength", "likeness"}, set(face))
            self.assertIn(face["state"], STATES)
            self.assertEqual((4, [2] * 5), (len(face["box"]), [len(point) for point in face["landmarks"]]))
            self.assertEqual(face["state"] == "restored", face["seconds"] > 0)
        receipt = photo["receipt"]
        self.assertEqual(("gpen", "plain", 70, None, True),
                         tuple(receipt[key] for key in ("program", "mode", "strength", "parser", "altered_by_model")))
        sums = {"restorer": self.assets / "gpen-mini.safetensors",
                "detector": self.home / "data" / "models" / "marks.safetensors"}
        for kind, path in sums.items():
            self.assertEqual({"name": path.stem, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}, receipt[kind])
        self.assertRegex(receipt["version"], r"^\d+\.\d+\.\d+$")
        self.assertIn(receipt["level"], ("generic", "avx2", "avx512", "avx512-bf16", "neon"))
        self.assertEqual("fp32", receipt["precision"])             # mode plain promises the published arithmetic
        self.assertEqual(([], 0, False), (blank["faces"], blank["restored"], blank["receipt"]["altered_by_model"]))
        summary = outcome.summary
        self.assertEqual((2, 3, 1, "gpen-mini", "marks", None),
                         tuple(summary[key] for key in ("done", "faces_restored", "faceless", "model", "detector", "parser")))

    def test_an_installed_models_sum_is_its_files(self):
        """Also when the file was replaced behind the program's back, and the record is of another one."""
        path = self.home / "data" / "models" / "marks.safetensors"
        changed = support.mark_detector()
        changed["BboxHead.0.conv1x1.bias"] = ((8,), [0.5] * 8)
        support.write_safetensors(path, changed)
        os.utime(path, (2e9, 2e9))
        self.write_blank("blank.png")
        [item] = self.restore("blank.png", "-o", "out", "--json").items
        self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest(), item["receipt"]["detector"]["sha256"])

    def test_the_result_says_that_a_model_altered_it(self):
        self.write_photo()
        self.write_blank("blank.png")
        self.restore("photo.png", "blank.png", "-o", "out", "--format", "jpeg")
        altered = (self.root / "out" / "photo.jpg").read_bytes()
        for words in (b"AlteredByModel", b"gpen-mini", b"marks", b"natural", b"Strength>80<", b"FacesRestored>3<"):
            self.assertIn(words, altered)
        self.assertNotIn(b"AlteredByModel", (self.root / "out" / "blank.jpg").read_bytes())

    def test_so_does_that_of_a_crop(self):
        write_png(self.root / "face.png")
        [item] = self.enhance("face.png", "-o", "out", "--format", "jpeg", "--json").items
        self.assertIn(b"AlteredByModel", (self.root / "out" / "face.jpg").read_bytes())
        self.assertTrue(item["receipt"]["altered_by_model"])
        self.assertIsNone(item["receipt"]["detector"])

    def test_for_people(self):
        self.write_photo()
        outcome = self.restore("photo.png", "-o", "out", "--faces", "2")
        self.assertIn("(2 of 3 faces restored, ", outcome.out)
        self.assertIn("1 face: Left as it was: only larger faces were asked for.", outcome.out)
        self.assertIn("1 done, 2 faces restored", outcome.out)
        self.assertIn("marks finds the faces", outcome.err)
        text = self.restore("photo.png", "-o", "zh", "--faces", "2", LC_ALL="zh_CN.UTF-8").out
        self.assertIn("修复 2/3 张人脸", text)
        self.assertIn("未处理：只选择了较大的人脸。", text)

    def test_one_bad_photo_costs_no_other(self):
        self.write_photo("in/a.png")
        self.write_photo("in/c.png")
        whole = (self.root / "in" / "a.png").read_bytes()
        (self.root / "in" / "b.png").write_bytes(whole[:len(whole) // 2])
        outcome = self.restore("in", "-o", "out", "--json", expect=1)
        self.assertEqual([("done", 3), ("failed", 0), ("done", 3)],
                         [(item["state"], item["restored"]) for item in outcome.items])
        self.assertEqual(["a.png", "c.png"], self.files())
        again = self.restore("in", "-o", "out", "--json", expect=1)
        self.assertEqual(["skipped", "failed", "skipped"], [item["state"] for item in again.items])


class Models(PhotoTest):
    def setUp(self):
        super().setUp()
        self.write_blank("blank.png")
        self.models = self.home / "data" / "models"

    def detector(self):
        return self.restore("blank.png", "-o", "out", "--overwrite", "--json").summary["detector"]

    def test_the_best_detector(self):
        self.assertEqual("marks", self.detector())
        for name in ("RetinaFace-MobileNet0.25", "RetinaFace-R50"):
            support.write_safetensors(self.models / f"{name}.safetensors", support.mark_detector())
            self.assertEqual(name, self.detector())

    def test_without_a_detector(self):
        (self.models / "marks.safetensors").unlink()
        for more in ([], ["--dry-run"]):
            outcome = self.restore("blank.png", "-o", "out", *more, expect=3)
            for words in ("gpen models import", "RetinaFace", "--aligned"):
                self.assertIn(words, outcome.err)
        [event] = self.restore("blank.png", "-o", "out", "--json", expect=3).events
        self.assertEqual(("error", "model_missing"), (event["event"], event["reason"]))
        self.assertFalse((self.root / "out").exists())
        self.enhance("blank.png", "-o", "out")

    def test_an_installed_parser_is_used(self):
        self.write_photo()
        self.restore("photo.png", "-o", "none.png")
        for name, seen in (("skin", 1), ("background", 0)):
            support.write_safetensors(self.root / f"{name}.safetensors", support.one_class_parser(seen))
        self.assertIn("(parser, ", self.gpen("models", "import", "skin.safetensors").out)
        outcome = self.restore("photo.png", "-o", "skin.png", "--json")
        self.assertEqual("skin", outcome.summary["parser"])
        self.assertEqual("skin", outcome.items[0]["receipt"]["parser"]["name"])
        self.assertIn("skin", self.restore("photo.png", "-o", "x.png").err)
        self.assertFalse(read_png(self.root / "none.png") == read_png(self.root / "skin.png"))
        self.restore("photo.png", "-o", "again.png", "--parser", "none")
        self.assert_same_picture("none.png", "again.png")
        self.restore("photo.png", "-o", "background.png", "--parser", "background.safetensors")
        self.assert_same_picture("photo.png", "background.png")

    def test_models_of_another_kind(self):
        self.restore("blank.png", "-o", "out", "--detector", "gpen-mini", expect=3)
        self.restore("blank.png", "-o", "out", "--parser", "gpen-mini", expect=3)
        self.restore("blank.png", "-o", "out", "--model", "marks", expect=3)
        self.restore("blank.png", "-o", "out", "--parser", "none", "--detector", "marks")


@unittest.skipUnless(support.SHARED and (support.SHARED / "weights" / "retinaface-mobilenet0.25.pth").exists(),
                     "GPEN_SHARED does not name a folder with weights/retinaface-mobilenet0.25.pth")
class RealFaces(support.CommandLineTest):
    def restore(self, *arguments, **options):
        return self.gpen("enhance", support.SHARED / "photos" / "solvay_1927.png", "-o", "out", "--overwrite", "--json", "--detector",
                         support.SHARED / "weights" / "retinaface-mobilenet0.25.pth", *arguments, **options)

    def test_the_solvay_conference(self):
        [item] = self.restore("--save-faces").items
        self.assertEqual(24, item["restored"])
        self.assertEqual(24, sum(face["score"] > 0.9 for face in item["faces"]))
        self.assertEqual(48, len([name for name in self.files("out/faces") if name.startswith("solvay_1927-face")]))
        self.assertEqual(1, self.restore("--faces", "largest").items[0]["restored"])
        [item] = self.restore("--min-face", "60").items
        for face in item["faces"]:
            left, top, right, bottom = face["box"]
            if face["score"] > 0.9:
                self.assertEqual(min(right - left, bottom - top) >= 60, face["state"] == "restored")


if __name__ == "__main__":
    support.main()

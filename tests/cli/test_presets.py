#!/usr/bin/env python3
"""gpen enhance --preset, and the likeness guard, with the bundled models. Which preset suits which photo is tests/portrait's to test; here it is
what a person asks for and is told."""
import unittest
from pathlib import Path

import support

ROOT = Path(__file__).resolve().parent.parent.parent
FACE = ROOT / "assets" / "example" / "face-degraded.png"
PRESETS = ("everyday", "classic", "light-touch", "old-photo", "very-blurred", "scanned-print", "document-portrait")
CONTROLS = ("denoise", "sharpen", "contrast", "brightness", "skin_protect", "detail_boost", "fading", "dust")


class BundledTest(support.CommandLineTest):
    def environment(self, **changes):
        return super().environment(GPEN_ASSETS=str(ROOT / "assets" / "weights"), **changes)

    def result(self, *arguments, out="out.png", **options):
        [item] = self.gpen("enhance", FACE, "-o", out, "--overwrite", "--json", "--likeness=on", *arguments, **options).items
        return item


class Presets(BundledTest):
    def test_each_sets_a_look_of_its_own(self):
        looks = set()
        for preset in PRESETS:
            receipt = self.result("--preset", preset)["receipt"]
            self.assertEqual(preset, receipt["preset"])
            looks.add((receipt["mode"], receipt["strength"], *(receipt[control] for control in CONTROLS)))
        self.assertEqual(len(PRESETS), len(looks))
        self.assertIn(("natural", 60, 30, 50, 0, 0, 0, 0, 0, 0), looks)

    def test_none_is_everyday(self):
        receipt = self.result()["receipt"]
        self.assertEqual(("everyday", "natural", 80), (receipt["preset"], receipt["mode"], receipt["strength"]))
        self.assertEqual({0}, {receipt[control] for control in CONTROLS})

    def test_what_is_given_beside_it_wins(self):
        for arguments in (("--preset", "classic", "--sharpen", "7", "--mode", "detail"),
                          ("--sharpen=7", "--mode=detail", "--preset=classic")):
            receipt = self.result(*arguments)["receipt"]
            self.assertEqual(("detail", 60, 30, 7), tuple(receipt[key] for key in ("mode", "strength", "denoise", "sharpen")))

    def test_list_teaches(self):
        english = self.gpen("enhance", "--preset", "list", LC_ALL="en_US.UTF-8").out
        chinese = self.gpen("enhance", "--preset", "list", LC_ALL="zh_CN.UTF-8").out
        for preset in PRESETS + ("auto",):
            self.assertIn(preset, english)
            self.assertIn(preset, chinese)
        self.assertIn("Old photo", english)
        self.assertIn("老照片", chinese)
        self.assertIn("classic", self.gpen("enhance", FACE, "-o", "x.png", "--preset", "clasic", expect=2).err)

    def test_auto_says_what_it_chose_and_why(self):
        item = self.result("--preset", "auto", out="out.jpg", LC_ALL="en_US.UTF-8")
        self.assertEqual(item["choice"]["preset"], item["receipt"]["preset"])
        self.assertTrue(item["choice"]["message"].startswith("Chosen: "), item["choice"])
        self.assertIn(" because ", item["choice"]["message"])
        self.assertGreater(item["choice"]["face"], 50)
        data = (self.root / "out.jpg").read_bytes()
        self.assertTrue(f"Preset>{item['choice']['preset']}<".encode() in data)
        self.assertTrue(b"PresetReason>Chosen: " in data)
        chinese = self.result("--preset", "auto", LC_ALL="zh_CN.UTF-8")["choice"]
        self.assertTrue(chinese["message"].startswith("已选择"), chinese)
        self.assertIsNone(self.result()["choice"])

    def test_auto_keeps_what_was_given(self):
        for preset in ("auto", "very-blurred"):
            receipt = self.result("--preset", preset, "--strength", "33", "--denoise", "5")["receipt"]
            self.assertEqual((33, 5), (receipt["strength"], receipt["denoise"]))

    def test_auto_takes_crops_too(self):
        [item] = self.gpen("enhance", "--aligned", FACE, "-o", "crop.png", "--preset", "auto", "--json").items
        self.assertTrue(item["choice"]["message"])
        self.assertEqual(0, item["choice"]["face"])


class Guard(BundledTest):
    def test_it_says_what_it_measured(self):
        [face] = self.result(out="out.jpg")["faces"]
        self.assertEqual(("restored", 80), (face["state"], face["strength"]))
        self.assertGreater(face["likeness"], 0.6)
        data = (self.root / "out.jpg").read_bytes()
        self.assertTrue(b"LikenessGuard>on<" in data and f"FaceLikeness>1=80:{face['likeness']:.2f}<".encode() in data)
        [face] = self.result("--mode", "plain")["faces"]
        self.assertIsNone(face["likeness"])

    def test_a_model_that_makes_somebody_else_changes_nothing(self):
        support.write_tiny_model(self.root / "other.safetensors")
        item = self.result("--model", "other.safetensors")
        [face] = item["faces"]
        self.assertEqual(("likeness", 0, 0), (face["state"], face["strength"], item["restored"]))
        self.assertTrue(face["message"])
        self.assertFalse(item["receipt"]["altered_by_model"])
        self.assertEqual(support.read_png(FACE)[4], support.read_png(self.root / "out.png")[4])
        self.assertEqual(1, self.result("--model", "other.safetensors", "--mode", "plain")["restored"])

    def test_so_it_does_to_crops(self):
        support.write_tiny_model(self.root / "other.safetensors")
        def crop(*arguments):
            [item] = self.gpen("enhance", "--aligned", FACE, "-o", "crop.png", "--overwrite", "--json", "--model", "other.safetensors",
                               *arguments).items
            return item
        item = crop("--likeness", "on")
        self.assertEqual(0, item["restored"])
        self.assertTrue(any("somebody else" in note for note in item["notes"]), item["notes"])
        self.assertEqual(1, crop("--likeness", "off")["restored"])


if __name__ == "__main__":
    support.main()

#!/usr/bin/env python3
"""gpen enhance: results, settings, failures among successes, repeating, what is refused."""
import os
import stat
import unittest

import support
from support import read_png, write_png


class Results(support.CommandLineTest):
    def test_one_photo_to_a_file(self):
        write_png(self.root / "face.png")
        outcome = self.enhance("face.png", "-o", "restored.png")
        width, height, channels, bits, samples = read_png(self.root / "restored.png")
        self.assertEqual((64, 64, 3, 8), (width, height, channels, bits))
        self.assertNotEqual(read_png(self.root / "face.png")[4], samples)
        self.assertIn("1 done", outcome.out)
        self.assertIn("using the small model that comes with the program", outcome.err)

    def test_strength_zero_is_the_photo_itself(self):
        for channels in (1, 2, 3, 4):
            for bits in (8, 16):
                name = f"{channels}-{bits}.png"
                write_png(self.root / "in" / name, channels=channels, bits=bits)
        self.enhance("in", "-o", "out", "--strength", "0")
        for name in self.files("in"):
            self.assertEqual(read_png(self.root / "in" / name), read_png(self.root / "out" / name), name)

    def test_strength_between_is_between(self):
        write_png(self.root / "face.png")
        for strength in (0, 50, 100):
            self.enhance("face.png", "-o", f"{strength}.png", f"--strength={strength}", "--mode", "plain")
        none, half, full = (read_png(self.root / f"{strength}.png")[4] for strength in (0, 50, 100))
        worst = max(abs(2 * h - n - f) for n, h, f in zip(none, half, full))
        self.assertLessEqual(worst, 1)

    def test_any_size_becomes_the_models(self):
        write_png(self.root / "small.png", 20, 31)
        write_png(self.root / "large.png", 150, 90)
        self.enhance("small.png", "large.png", "-o", "out")
        for name in ("small.png", "large.png"):
            self.assertEqual((64, 64), read_png(self.root / "out" / name)[:2])

    def test_threads_do_not_change_the_result(self):
        write_png(self.root / "face.png")
        for threads in ("1", "3"):
            self.enhance("face.png", "-o", f"{threads}.png", "--threads", threads)
        self.assertEqual(read_png(self.root / "1.png"), read_png(self.root / "3.png"))

    def test_formats(self):
        write_png(self.root / "face.png")
        heads = {"jpeg": b"\xff\xd8\xff", "webp": b"RIFF", "tiff": (b"II*\0", b"MM\0*"), "png": b"\x89PNG", "keep": b"\x89PNG"}
        endings = {"jpeg": "jpg", "webp": "webp", "tiff": "tif", "png": "png", "keep": "png"}
        for choice, head in heads.items():
            self.enhance("face.png", "-o", choice, "--format", choice, "--quality", "80")
            self.assertTrue((self.root / choice / f"face.{endings[choice]}").read_bytes().startswith(head), choice)

    def test_keep_goes_by_content(self):
        write_png(self.root / "face.png")
        self.enhance("face.png", "-o", "face.jpg")
        (self.root / "face.jpg").rename(self.root / "really-jpeg.png")
        self.enhance("really-jpeg.png", "-o", "out")
        self.assertEqual(["really-jpeg.jpg"], self.files())

    def test_a_model_by_file(self):
        support.write_tiny_model(self.root / "other.safetensors", seed=1, size=128, width=5, style=24, mapping=3)
        write_png(self.root / "face.png")
        outcome = self.enhance("face.png", "-o", "out.png", "--model", "other.safetensors")
        self.assertEqual((128, 128), read_png(self.root / "out.png")[:2])
        self.assertIn("other", outcome.err)


class Failures(support.CommandLineTest):
    def setUp(self):
        super().setUp()
        for name in ("a", "b", "d"):
            write_png(self.root / "in" / f"{name}.png")
        damaged = support.png_bytes(64, 64)
        (self.root / "in" / "c.png").write_bytes(damaged[:len(damaged) // 2])

    def test_one_bad_photo_costs_no_other(self):
        outcome = self.enhance("in", "-o", "out", expect=1)
        self.assertEqual(["a.png", "b.png", "d.png"], self.files())
        self.assertIn("3 done, 1 failed", outcome.out)
        self.assertIn("in/c.png", outcome.err)
        self.assertIn("The picture is damaged and cannot be read in full.", outcome.err)

    def test_in_chinese(self):
        outcome = self.enhance("in", "-o", "out", expect=1, LC_ALL="zh_CN.UTF-8")
        self.assertIn("图片已损坏，无法完整读取。", outcome.err)
        self.assertIn("完成 3 张", outcome.out)
        outcome = self.enhance("in", "-o", "out", expect=1, LC_ALL="", LANG="zh_TW")
        self.assertIn("图片已损坏，无法完整读取。", outcome.err)

    def test_failures_as_json(self):
        outcome = self.enhance("in", "nowhere.png", "-o", "out", "--json", expect=1)
        self.assertEqual(["done", "done", "failed", "done", "failed"], [item["state"] for item in outcome.items])
        self.assertEqual("", outcome.err)
        bad, missing = outcome.items[2], outcome.items[4]
        self.assertEqual(("unreadable", "in/c.png"), (bad["reason"], bad["input"]))
        self.assertTrue(bad["message"])
        self.assertEqual("input_missing", missing["reason"])
        good = outcome.items[0]
        self.assertIsNone(good["reason"])
        self.assertEqual("out/a.png", good["output"])
        self.assertEqual({"load", "enhance", "save"}, set(good["seconds"]))
        self.assertEqual(["restored"], [face["state"] for face in good["faces"]])
        self.assertEqual((64, 64, 1), (good["width"], good["height"], good["restored"]))
        self.assertEqual((None, None, None, 0), (bad["width"], bad["height"], bad["receipt"], bad["restored"]))
        summary = outcome.summary
        self.assertEqual((5, 3, 2, 0, 0, False, 1),
                         tuple(summary[key] for key in ("total", "done", "failed", "skipped", "remaining", "interrupted",
                                                        "exit_status")))
        self.assertEqual("gpen-mini", summary["model"])

    def test_quiet_only_says_what_failed(self):
        outcome = self.enhance("in", "-o", "out", "--quiet", expect=1)
        self.assertEqual("", outcome.out)
        self.assertIn("in/c.png", outcome.err)
        self.assertNotIn("a.png", outcome.err)

    def test_no_picture_at_all(self):
        (self.root / "text.png").write_text("no picture")
        (self.root / "empty.jpg").write_bytes(b"")
        os.mkfifo(self.root / "pipe.png")
        outcome = self.enhance("text.png", "empty.jpg", "pipe.png", "-o", "out", "--json", expect=1)
        self.assertEqual(["failed"] * 3, [item["state"] for item in outcome.items])
        self.assertEqual([], self.files())

    def test_a_photo_over_the_limit(self):
        write_png(self.root / "large.png", 1100, 1000, channels=1)
        outcome = self.enhance("large.png", "-o", "out", "--max-megapixels", "1", "--json", expect=1)
        self.assertEqual("too_large", outcome.items[0]["reason"])

    @unittest.skipIf(os.geteuid() == 0, "root may write and read everything")
    def test_folders_without_permission(self):
        (self.root / "out").mkdir()
        (self.root / "out").chmod(stat.S_IRUSR | stat.S_IXUSR)
        self.enhance("in", "-o", "out", expect=3)
        (self.root / "in").chmod(0)
        self.addCleanup((self.root / "in").chmod, 0o700)
        outcome = self.enhance("in", "-o", "elsewhere", "--json", expect=1)
        self.assertEqual("input_missing", outcome.items[0]["reason"])


class Repeating(support.CommandLineTest):
    def setUp(self):
        super().setUp()
        for name in ("a", "b"):
            write_png(self.root / "in" / f"{name}.png")

    def stamp(self, name):
        return (self.root / "out" / name).stat().st_ino, (self.root / "out" / name).read_bytes()

    def test_what_is_there_counts_as_done(self):
        self.enhance("in", "-o", "out")
        before = self.stamp("a.png")
        outcome = self.enhance("in", "-o", "out", "--json")
        self.assertEqual(["skipped", "skipped"], [item["state"] for item in outcome.items])
        self.assertEqual("exists", outcome.items[0]["reason"])
        self.assertEqual(2, outcome.summary["skipped"])
        self.assertEqual(before, self.stamp("a.png"))
        self.assertIn("2 there already", self.enhance("in", "-o", "out").out)

    def test_a_new_photo_is_done(self):
        self.enhance("in", "-o", "out")
        write_png(self.root / "in" / "new.png")
        self.assertIn("1 done, 2 there already", self.enhance("in", "-o", "out").out)

    def test_overwrite(self):
        self.enhance("in", "-o", "out")
        (self.root / "out" / "a.png").write_text("old")
        self.assertIn("2 done", self.enhance("in", "-o", "out", "--overwrite").out)
        self.assertEqual((64, 64), read_png(self.root / "out" / "a.png")[:2])

    def test_a_photo_is_never_its_own_result(self):
        before = (self.root / "in" / "a.png").read_bytes()
        for arguments in (["in/a.png", "-o", "in"], ["in/a.png", "-o", "in/a.png"], ["in/a.png", "-o", "in/../in/a.png"]):
            outcome = self.enhance(*arguments, "--overwrite", "--json", expect=1)
            self.assertEqual("exists", outcome.items[0]["reason"])
        os.symlink("a.png", self.root / "in" / "link.png")
        self.enhance("in/a.png", "-o", "in/link.png", "--overwrite", expect=1)
        self.enhance("in", "-o", "in", "--overwrite", expect=2)
        self.assertEqual(before, (self.root / "in" / "a.png").read_bytes())

    def test_nor_that_of_another_one_of_the_batch(self):
        self.enhance("in/a.png", "-o", "a.jpg")
        (self.root / "a.jpg").rename(self.root / "in" / "a.jpg")
        before = (self.root / "in" / "a.png").read_bytes()
        outcome = self.enhance("in/a.jpg", "in/a.png", "-o", "in", "--format", "png", "--overwrite", "--json", expect=1)
        self.assertEqual("exists", outcome.items[0]["reason"])
        self.assertEqual(before, (self.root / "in" / "a.png").read_bytes())

    def test_a_dry_run_writes_nothing(self):
        self.enhance("in/a.png", "-o", "done")
        before = self.files(".")
        outcome = self.enhance("in", "-o", "out", "--dry-run")
        self.assertIn("would restore  in/a.png -> out/a.png", outcome.out)
        self.assertIn("2 would be restored", outcome.out)
        outcome = self.enhance("in", "-o", "done", "--dry-run", "--json")
        self.assertEqual(["skipped", "planned"], [item["state"] for item in outcome.items])
        self.assertEqual(before, self.files("."))
        self.assertFalse((self.root / "out").exists())


class Refusals(support.CommandLineTest):
    def setUp(self):
        super().setUp()
        write_png(self.root / "a.png")
        write_png(self.root / "b.png")

    def test_bad_usage(self):
        for arguments, words in (
                (["a.png", "-o", "out", "--faces", "0"], "all, largest or a number"),
                (["a.png", "-o", "out", "--faces", "2nd"], "all, largest or a number"),
                (["a.png", "-o", "out", "--min-face", "-1"], "from 0 to"),
                (["a.png", "-o", "out", "--max-edge", "1"], "from 16 to"),
                (["--aligned", "a.png", "-o", "out", "--faces", "all"], "--faces is for whole photos"),
                (["--aligned", "a.png", "-o", "out", "--min-face", "0"], "--min-face is for whole photos"),
                (["--aligned", "a.png", "-o", "out", "--save-faces"], "--save-faces is for whole photos"),
                (["--aligned", "a.png", "-o", "out", "--require-face"], "--require-face is for whole photos"),
                (["--aligned", "a.png", "-o", "out", "--detector", "x"], "--detector is for whole photos"),
                (["--aligned", "a.png", "-o", "out", "--parser", "none"], "--parser is for whole photos"),
                (["--aligned", "-o", "out"], "no photo"),
                (["--aligned", "a.png"], "-o OUT"),
                (["--aligned", "a.png", "-o"], "needs a value"),
                (["--aligned", "a.png", "-o", "out", "--strength", "101"], "from 0 to 100"),
                (["--aligned", "a.png", "-o", "out", "--strength", "5x"], "from 0 to 100"),
                (["--aligned", "a.png", "-o", "out", "--quality", "0"], "from 1 to 100"),
                (["--aligned", "a.png", "-o", "out", "--mode", "vivid"], "natural, strong, detail, plain"),
                (["a.png", "-o", "out", "--denoise", "101"], "from 0 to 100"),
                (["a.png", "-o", "out", "--contrast", "-101"], "from -100 to 100"),
                (["a.png", "-o", "out", "--likeness", "maybe"], "off, on"),
                (["a.png", "-o", "out", "--face-strength", "0=50"], "1=40,3=0"),
                (["a.png", "-o", "out", "--face-strength", "1=101"], "1=40,3=0"),
                (["a.png", "-o", "out", "--face-strength", "1=50,"], "1=40,3=0"),
                (["a.png", "-o", "out", "--face-strength", "1=-5"], "1=40,3=0"),
                (["a.png", "-o", "out", "--face-strength", "1"], "1=40,3=0"),
                (["a.png", "-o", "out", "--add-face", "1,2,30"], "40,60,120,160"),
                (["a.png", "-o", "out", "--add-face", "1,2,30,40;"], "40,60,120,160"),
                (["a.png", "-o", "out", "--add-face", "1,2,30,4x"], "40,60,120,160"),
                (["a.png", "-o", "out", "--add-face", "1,2,30,9999999"], "40,60,120,160"),
                (["a.png", "-o", "out", "--add-face", "1,2,30,9"], "8 pixels"),
                (["a.png", "-o", "out", "--add-face", ";".join(["1,2,30,40"] * 17)], "at most 16"),
                (["--aligned", "a.png", "-o", "out", "--add-face", "1,2,30,40"], "--add-face is for whole photos"),
                (["a.png", "-o", "out", "--face-strength", "2=5,2=6"], "face 2 has two strengths"),
                (["a.png", "-o", "out", "--face-strength", ",".join(f"{i}=5" for i in range(1, 66))], "at most 64"),
                (["--aligned", "a.png", "-o", "out", "--face-strength", "1=5"], "--face-strength is for whole photos"),
                (["--aligned", "a.png", "-o", "out", "--format", "pgn"], "did you mean png?"),
                (["--aligned", "a.png", "-o", "out", "--strenght", "5"], "did you mean --strength?"),
                (["--aligned", "a.png", "-o", "out", "--json=yes"], "takes no value"),
                (["--aligned", "a.png", "b.png", "-o", "out.png"], "OUT must be a folder"),
                (["--aligned", "a.png", "-o", "out.heic"], "JPEG, PNG, WebP or TIFF"),
                (["--aligned", "a.png", "-o", "out.bmp"], "JPEG, PNG, WebP or TIFF"),
                (["--aligned", "a.png", "-o", "out.png", "--format", "jpeg"], "does not go with")):
            outcome = self.gpen("enhance", *arguments, expect=2)
            self.assertIn(words, outcome.err)
            self.assertEqual("", outcome.out)
        self.assertEqual(["a.png", "b.png"], sorted(path.name for path in self.root.glob("*.png")))

    def test_nothing_can_start(self):
        (self.root / "file").write_text("in the way")
        (self.root / "bad.safetensors").write_bytes(b"\0" * 100)
        self.enhance("a.png", "-o", "file", expect=3)
        self.enhance("a.png", "-o", "file/below", expect=3)
        self.assertIn("no-such-model", self.enhance("a.png", "-o", "out", "--model", "no-such-model", expect=3).err)
        outcome = self.enhance("a.png", "-o", "out", "--model", "bad.safetensors", "--json", expect=3)
        self.assertEqual(["error"], [event["event"] for event in outcome.events])
        self.assertEqual("model_invalid", outcome.events[0]["reason"])

    def test_no_model_at_all(self):
        (self.assets / "gpen-mini.safetensors").unlink()
        self.assertIn("models pull", self.enhance("a.png", "-o", "out", expect=3).err)

    def test_an_empty_folder_is_no_failure(self):
        (self.root / "empty").mkdir()
        self.assertIn("nothing to do", self.enhance("empty", "-o", "out").out)

    def test_a_picture_that_looks_like_an_option(self):
        write_png(self.root / "-o.png")
        self.enhance("-o", "out", "--", "-o.png")
        self.assertEqual(["-o.png"], self.files())


if __name__ == "__main__":
    support.main()

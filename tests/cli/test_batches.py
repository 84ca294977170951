#!/usr/bin/env python3
"""Batches that always finish: gpen enhance with workers that are killed, with its own death, and gpen batch."""
import json
import os
import random
import signal
import subprocess
import time
import unittest

import support
from support import read_png, write_png


class BatchTest(support.CommandLineTest):
    def make_photos(self, count, edge=64):
        """All the same file, so that they do not take long to make."""
        write_png(self.root / "in" / "0000.png", edge, edge, channels=1)
        for number in range(1, count):
            os.link(self.root / "in" / "0000.png", self.root / "in" / f"{number:04}.png")

    def damage(self, name):
        whole = support.png_bytes(64, 64)
        (self.root / "in" / name).write_bytes(whole[:len(whole) // 2])

    def start(self, *more):
        return subprocess.Popen([support.PROGRAM, "enhance", "--aligned", "--likeness=off", "in", "-o", "out", "--json", *more], cwd=self.root,
                                env=self.environment(GPEN_LOG="error"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def assert_all_whole(self, count):
        self.assertEqual([f"{number:04}.png" for number in range(count)], self.files())
        for name in self.files():
            self.assertEqual((64, 64), read_png(self.root / "out" / name)[:2])

    def batches(self, *arguments):
        return self.gpen("batch", "list", "--json", *arguments).events


def children_of(process):
    """Process numbers of workers."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                    if int(file.read().rpartition(")")[2].split()[1]) == process.pid:
                        found.append(int(entry))
            except OSError:
                pass  # it has ended
    return found


@unittest.skipUnless(os.path.isdir("/proc/self"), "workers are found in /proc")
class Killed(BatchTest):
    def test_a_killed_supervisor_is_continued(self):
        self.make_photos(60, 600)
        source = random.Random(1)
        for _ in range(5):
            with self.start() as process:
                process.stdout.readline()
                time.sleep(source.random() * 0.4)
                process.kill()
                process.stdout.read()
                process.stderr.read()
            for name in self.files():
                if name.endswith(".png") and not name.startswith("."):
                    self.assertEqual((64, 64), read_png(self.root / "out" / name)[:2])
        outcome = self.enhance("in", "-o", "out", "--json")
        self.assertEqual(60, outcome.summary["done"] + outcome.summary["skipped"])
        self.assert_all_whole(60)  # and no temporary file

    def test_nothing_is_done_twice_when_it_overwrites(self):
        self.make_photos(40, 600)
        done = 0
        with self.start("--overwrite") as process:
            for _ in range(5):
                done += json.loads(process.stdout.readline())["state"] == "done"
            process.kill()
            done += sum(json.loads(line)["state"] == "done" for line in process.stdout.read().splitlines()
                        if line.endswith(b"}"))
            process.stderr.read()
        [batch] = self.batches()
        outcome = self.enhance("in", "-o", "out", "--overwrite", "--json")
        self.assertGreaterEqual(batch["items"]["done"], done)
        self.assertEqual(40, outcome.summary["done"] + outcome.summary["skipped"])
        self.assertGreaterEqual(outcome.summary["skipped"], done)
        self.assertEqual(1, len(self.batches()))
        self.assert_all_whole(40)

    def test_killed_workers_cost_nothing(self):
        self.make_photos(40, 600)
        source = random.Random(2)
        with self.start() as process:
            process.stdout.readline()
            for _ in range(4):
                time.sleep(source.random() * 0.2)
                for worker in children_of(process)[:1]:
                    os.kill(worker, signal.SIGKILL)
            lines = process.stdout.read().splitlines()
            process.stderr.read()
            process.wait(timeout=60)
        summary = json.loads(lines[-1])
        self.assertEqual((40, 0), (summary["total"], summary["remaining"]))
        self.assertEqual(summary["failed"], summary["reasons"].get("given_up", 0))
        self.enhance("in", "-o", "out")
        self.assert_all_whole(40)


class Failing(BatchTest):
    def setUp(self):
        super().setUp()
        self.make_photos(3)
        self.damage("bad.png")

    def test_a_copy_of_what_failed(self):
        outcome = self.enhance("in", "-o", "out", "--on-failure", "copy", "--json", expect=1)
        self.assertEqual(["0000.png", "0001.png", "0002.png", "bad.png"], self.files())
        self.assertEqual((self.root / "in" / "bad.png").read_bytes(), (self.root / "out" / "bad.png").read_bytes())
        failed = outcome.items[3]
        self.assertEqual("failed", failed["state"])
        self.assertTrue(failed["copy"].endswith("/out/bad.png"), failed["copy"])
        self.assertEqual({"unreadable": 1}, outcome.summary["reasons"])

    def test_a_copy_of_another_ending_goes_when_there_is_a_result(self):
        more = ["--on-failure", "copy", "--format", "jpeg"]
        self.enhance("in", "-o", "out", *more, expect=1)
        self.assertEqual(["0000.jpg", "0001.jpg", "0002.jpg", "bad.png"], self.files())
        write_png(self.root / "in" / "bad.png")
        self.gpen("batch", "retry", "-o", "out")
        self.assertEqual(["0000.jpg", "0001.jpg", "0002.jpg", "bad.jpg"], self.files())

    def test_a_copy_is_no_result(self):
        self.enhance("in", "-o", "out", "--on-failure", "copy", expect=1)
        write_png(self.root / "in" / "bad.png")
        outcome = self.enhance("in", "-o", "out", "--on-failure", "copy", "--json")
        self.assertEqual((1, 3), (outcome.summary["done"], outcome.summary["skipped"]))
        self.assertEqual((64, 64, 3), read_png(self.root / "out" / "bad.png")[:3])

    def test_how_many_for_which_reason(self):
        self.damage("worse.png")
        (self.root / "in" / "text.png").write_text("no picture")
        out = self.enhance("in", "-o", "out", expect=1).out
        self.assertIn("3 done, 3 failed", out)
        self.assertIn("2: The picture is damaged and cannot be read in full.", out)
        self.assertIn(" a photo\n", out)

    def test_limits(self):
        self.enhance("in/0000.png", "-o", "limits", "--workers", "2", "--threads", "1", "--timeout", "30", "--memory-limit",
                     "2048")
        for bad in (["--workers", "0"], ["--timeout", "0"], ["--memory-limit", "1"], ["--on-failure", "cry"]):
            self.enhance("in/0000.png", "-o", "limits", *bad, expect=2)

    def test_the_store_is_looked_after(self):
        self.enhance("in", "-o", "out", expect=1)
        [folder] = (self.home / "state" / "enhance").iterdir()
        data = bytearray((folder / "batches.db").read_bytes())
        data[5000] ^= 1
        (folder / "batches.db").write_bytes(data)
        write_png(self.root / "in" / "new.png")
        outcome = self.enhance("in", "-o", "out", expect=1)
        self.assertIn("was put aside", outcome.err)
        self.assertIn("new.png", self.files())

    def test_without_a_place_to_remember(self):
        self.home.mkdir(exist_ok=True)
        (self.home / "state").write_text("in the way")
        self.enhance("in", "-o", "out", expect=1)
        self.assertEqual(3, len(self.files()))


class TwoAtOnce(BatchTest):
    def test_a_second_one_is_told_and_the_first_undisturbed(self):
        self.make_photos(60, 600)
        with self.start() as first:
            first.stdout.readline()  # it has begun
            second = self.enhance("in", "-o", "out", expect=3)
            self.assertRegex(second.err, "another|already")
            events = [json.loads(line) for line in first.stdout.read().splitlines()]
            first.stderr.read()
        self.assertEqual(0, first.returncode)
        self.assertEqual((60, 0), (events[-1]["done"], events[-1]["failed"]))
        self.assertEqual(60, len(self.files()))


class Looking(BatchTest):
    def setUp(self):
        super().setUp()
        self.make_photos(2)
        self.damage("bad.png")
        self.enhance("in", "-o", "out", expect=1)

    def test_list(self):
        out = self.gpen("batch", "list").out
        self.assertIn(str(self.root / "out"), out)
        self.assertIn("ended: 2 done, 1 failed", out)
        [batch] = self.batches()
        self.assertEqual((1, 2, 1, 0), (batch["batch"], batch["items"]["done"], batch["items"]["failed"], batch["items"]["queued"]))
        self.assertEqual(1, len(self.batches("-o", "out")))
        self.assertIn("完成 2，失败 1", self.gpen("batch", "list", LC_ALL="zh_CN.UTF-8").out)
        self.gpen("batch", "list", "-o", "in", expect=3)

    def test_show(self):
        out = self.gpen("batch", "show").out
        self.assertIn("bad.png", out)
        self.assertIn("The picture is damaged and cannot be read in full.", out)
        self.assertIn("copy it from its source again", out)
        self.assertNotIn("0000.png", out)
        self.assertIn("0000.png", self.gpen("batch", "show", "--all").out)
        events = self.gpen("batch", "show", "1", "-o", "out", "--all", "--json").events
        self.assertEqual(["batch", "item", "item", "item"], [event["event"] for event in events])
        self.assertEqual(["done", "done", "failed"], [event["state"] for event in events[1:]])
        self.assertEqual("unreadable", events[3]["reason"])
        self.gpen("batch", "show", "9", expect=3)
        self.gpen("batch", "show", "first", expect=2)

    def test_retry(self):
        self.assertIn("1 failed", self.gpen("batch", "retry", expect=1).out)
        write_png(self.root / "in" / "bad.png")
        outcome = self.gpen("batch", "retry", "-o", "out", "--json")
        self.assertEqual(1, outcome.summary["done"])
        self.assertEqual((64, 64), read_png(self.root / "out" / "bad.png")[:2])
        self.gpen("batch", "retry", expect=3)
        [batch] = self.batches()
        self.assertEqual((3, 0), (batch["items"]["done"], batch["items"]["failed"]))

    def test_several_folders(self):
        self.enhance("in", "-o", "other", expect=1)
        self.assertEqual(2, len(self.batches()))
        self.assertIn("-o OUT", self.gpen("batch", "show", expect=3).err)
        self.gpen("batch", "show", "-o", "other")

    def test_clean(self):
        self.gpen("batch", "clean", expect=2)
        self.assertIn("0 batches", self.gpen("batch", "clean", "--older-than", "1").out)
        (self.root / "out" / "0001.png").write_bytes(b"changed by a person")
        out = self.gpen("batch", "clean", "--older-than", "0").out
        self.assertIn("1 batches cleaned, 1 results deleted, 1 kept", out)
        self.assertEqual(["0001.png"], self.files())
        self.assertEqual(3, len(self.files("in")))
        self.assertEqual([], self.batches())

    def test_bad_usage(self):
        for arguments, words in (([], "list, show, retry"), (["lst"], "did you mean"), (["cancel"], "which batch"),
                                 (["list", "3"], "not needed"), (["clean", "--older-than", "x"], "from 0 to")):
            self.assertIn(words, self.gpen("batch", *arguments, expect=2).err)


class Unfinished(BatchTest):
    def setUp(self):
        super().setUp()
        self.make_photos(60, 600)
        with self.start() as process:
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            process.stderr.read()

    def test_what_is_left_can_be_seen_and_given_up(self):
        [batch] = self.batches()
        self.assertGreater(batch["items"]["queued"], 0)
        self.assertEqual(60, batch["items"]["done"] + batch["items"]["queued"])
        self.assertIn("unfinished", self.gpen("batch", "list").out)
        self.gpen("batch", "cancel", str(batch["batch"]))
        [batch] = self.batches()
        self.assertEqual((0, True), (batch["items"]["queued"], batch["cancelled"]))
        self.enhance("in", "-o", "out")
        self.assert_all_whole(60)

    def test_other_settings_give_it_up(self):
        done = self.batches()[0]["items"]["done"]
        self.enhance("in", "-o", "out", "--strength", "50")
        newer, older = self.batches()
        self.assertEqual((60 - done, True), (newer["items"]["done"], older["cancelled"]))
        self.assert_all_whole(60)

    def test_photos_that_are_no_longer_named_are_given_up(self):
        done = self.batches()[0]["items"]["done"]
        self.enhance("in/0058.png", "in/0059.png", "-o", "out")
        [batch] = self.batches()
        self.assertEqual((done + 2, 0), (batch["items"]["done"], batch["items"]["queued"]))
        self.assertEqual(done + 2, len(self.files()))


if __name__ == "__main__":
    support.main()

#!/usr/bin/env python3
"""gpen enhance: being stopped, and the progress line on a terminal."""
import json
import os
import pty
import re
import signal
import subprocess
import threading

import support
from support import read_png, write_png


class Interrupting(support.CommandLineTest):
    def start(self):
        return subprocess.Popen([support.PROGRAM, "enhance", "--aligned", "--likeness=off", "in", "-o", "out", "--json"], cwd=self.root,
                                env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def make_photos(self, count):
        """Large ones, so that they take a while; all the same file, so that they do not take long to make."""
        write_png(self.root / "in" / "0000.png", 900, 900, channels=1)
        for number in range(1, count):
            os.link(self.root / "in" / "0000.png", self.root / "in" / f"{number:04}.png")

    def test_a_signal_stops_between_photos(self):
        self.make_photos(400)
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.start() as process:
                first = json.loads(process.stdout.readline())
                process.send_signal(number)
                rest = process.stdout.read().splitlines()
                process.stderr.read()
                self.assertEqual(128 + number, process.wait(timeout=60))
            self.assertEqual("item", first["event"])
            summary = json.loads(rest[-1])
            self.assertTrue(summary["interrupted"])
            self.assertGreater(summary["remaining"], 0)
            results = self.files()
            self.assertGreater(len(results), 0)
            for name in results:
                self.assertRegex(name, r"^\d{4}\.png$")
                self.assertEqual((64, 64), read_png(self.root / "out" / name)[:2])

    def test_the_same_command_continues(self):
        self.make_photos(60)
        with self.start() as process:
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            process.stderr.read()
        before = len(self.files())
        outcome = self.enhance("in", "-o", "out", "--json")
        self.assertEqual((60, before), (len(self.files()), outcome.summary["skipped"]))

    def test_a_reader_that_goes_away_stops_nothing(self):
        self.make_photos(20)
        with self.start() as process:
            process.stdout.close()
            process.stderr.read()
        self.assertEqual(20, len(self.files()))


class Progress(support.CommandLineTest):
    def on_terminal(self, *arguments, command=("enhance", "--aligned"), **changes):
        """What the program writes to a terminal that is its standard error; standard output goes to a pipe."""
        ours, theirs = pty.openpty()
        seen = bytearray()

        def listen():
            while True:
                try:
                    part = os.read(ours, 65536)
                except OSError:  # Linux: nobody holds the other end any more
                    return
                if not part:
                    return
                seen.extend(part)
        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        environment = self.environment(**{"TERM": "xterm", **changes})
        done = subprocess.run([support.PROGRAM, *command, *arguments], cwd=self.root, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, timeout=120, check=False)
        os.close(theirs)
        listener.join()
        os.close(ours)
        return done, seen.decode("utf-8")

    def setUp(self):
        super().setUp()
        for name in ("one", "two\x1b[2J", "三" * 60):
            write_png(self.root / "in" / f"{name}.png")
        (self.root / "in" / "zero.png").write_text("no picture")

    def test_a_line_that_is_drawn_anew(self):
        done, seen = self.on_terminal("in", "-o", "out")
        self.assertEqual(1, done.returncode)
        lines = [part for part in seen.split("\r\x1b[K") if part.startswith("[")]
        self.assertGreaterEqual(len(lines), 4)  # when one is begun, and when one has ended; several at once
        self.assertTrue(lines[0].startswith("[--------------------] 0/4"), lines[0])
        self.assertTrue(lines[-1].startswith("[####################] 4/4"), lines[-1])
        self.assertIn("s a photo", lines[-1])
        self.assertNotIn("\x1b", "".join(lines))
        long = [line for line in lines if "三" in line]
        self.assertTrue(long)
        for line in long:
            self.assertIn("...", line)
            self.assertLess(sum(2 if ord(character) > 0x2E80 else 1 for character in line), 80)
        self.assertTrue(re.search(r"zero\.png\r?\n", seen))

    def test_the_faces_of_a_photo_are_counted(self):
        self.install_detector()
        photo = support.marked_photo(352, 288, [("large", 2, 2), ("large", 8, 2), ("small", 2, 6)])
        (self.root / "group.png").write_bytes(photo)
        _, seen = self.on_terminal("group.png", "-o", "out", command=("enhance",))
        for ended in range(4):
            self.assertIn(f"face {ended}/3  group.png", seen)
        _, seen = self.on_terminal("group.png", "-o", "single", "--faces", "largest", command=("enhance",))
        self.assertNotIn("face 0/1", seen)

    def test_not_when_it_is_not_wanted(self):
        for arguments, changes in ((["--json"], {}), (["--quiet"], {}), ([], {"TERM": "dumb"})):
            _, seen = self.on_terminal("in", "-o", "out", "--overwrite", *arguments, **changes)
            self.assertNotIn("\x1b", seen)


if __name__ == "__main__":
    support.main()

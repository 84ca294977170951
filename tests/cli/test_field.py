#!/usr/bin/env python3
"""What people measured where this program has to work: twelve portraits, large ones and a damaged one among them; a hundred photos in
one run with memory flat. Its own file because it is slow and uses the real bundled models."""
import json
import os
import statistics
import subprocess
import threading
import time
import unittest
import zlib
from pathlib import Path

import support
from support import PROGRAM, read_png

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "assets" / "example"
# Width and height, as cameras, scanners and telephones give them.
PORTRAITS = [(800, 1200), (1080, 1350), (1200, 1600), (1200, 1800), (1600, 2400), (2000, 3000), (2048, 2732), (2400, 3600), (2832, 4256),
             (3000, 4000), (3456, 5184), (3840, 5760)]
BROKEN = 5  # of these, the one whose PNG has a wrong checksum


def portrait_rows(face, width, height):
    """The face, enlarged to the width and in the middle of the height, as bytes of rows: its pixels repeated."""
    side, samples = face
    across = [samples[3 * side * y:3 * side * (y + 1)] for y in range(side)]
    wide = {}
    for y in range(height):
        source = min(max((y - (height - width) // 2) * side // width, 0), side - 1)
        if source not in wide:
            row = across[source]
            wide[source] = b"".join(row[3 * (x * side // width):3 * (x * side // width) + 3] for x in range(width))
        yield wide[source]


def portrait_png(face, width, height, broken=False):
    raw = b"".join(b"\0" + row for row in portrait_rows(face, width, height))
    packed = zlib.compress(raw, 1)

    def chunk(kind, body, wrong=0):
        return len(body).to_bytes(4, "big") + kind + body + ((zlib.crc32(kind + body) ^ wrong) & 0xffffffff).to_bytes(4, "big")
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    half = len(packed) // 2
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed[:half], wrong=1 if broken else 0) +
            chunk(b"IDAT", packed[half:]) + chunk(b"IEND", b""))


def children(process):
    return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()]


def memory(process):
    """Of the program and its workers, bytes; what they share counts once."""
    total = 0
    for number in [process, *children(process)]:
        try:
            lines = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            continue  # a worker that has just ended
        total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


class Field(support.CommandLineTest):
    def setUp(self):
        super().setUp()
        self.assets = ROOT / "assets" / "weights"
        side, _, channels, bits, samples = read_png(EXAMPLE / "face-degraded.png")
        self.assertEqual((3, 8), (channels, bits))
        self.face = (side, samples)

    def test_twelve_portraits_and_one_is_damaged(self):
        smaller = 8 if os.environ.get("GPEN_SANITIZED") else 1
        folder = self.root / "in"
        folder.mkdir()
        for number, (width, height) in enumerate(PORTRAITS):
            data = portrait_png(self.face, width // smaller, height // smaller, broken=number == BROKEN)
            (folder / f"{number:02d}.png").write_bytes(data)
        outcome = self.gpen("enhance", "in", "-o", "out", "--json", expect=1)
        states = {os.path.basename(item["input"]): item for item in outcome.items}
        self.assertEqual(12, len(states))
        for number, (width, height) in enumerate(PORTRAITS):
            item = states[f"{number:02d}.png"]
            if number == BROKEN:
                self.assertEqual(("failed", "unreadable"), (item["state"], item["reason"]))
                continue
            self.assertEqual("done", item["state"], item)
            with open(self.root / "out" / f"{number:02d}.png", "rb") as result:
                head = result.read(24)
            size = (int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"))
            self.assertEqual((width // smaller, height // smaller), size)
        self.assertEqual(sorted(f"{number:02d}.png" for number in range(12) if number != BROKEN), self.files())
        self.assertEqual((11, 1), (outcome.summary["done"], outcome.summary["failed"]))

    @unittest.skipUnless(os.path.exists("/proc/self/smaps_rollup"), "memory of processes is told by Linux")
    @unittest.skipIf(os.environ.get("GPEN_SANITIZED"), "AddressSanitizer keeps freed memory")
    def test_a_hundred_photos_and_memory_stays(self):
        """Five photos, twenty times, two of the hundred damaged. Prints how the time a photo went, and asserts nothing of it."""
        contents = [portrait_png(self.face, *size) for size in ((300, 400), (480, 640), (600, 800), (400, 300), (640, 480))]
        damaged = {33: contents[0][:2000], 77: b"no picture"}
        folder = self.root / "in"
        folder.mkdir()
        for number in range(100):
            (folder / f"{number:03d}.png").write_bytes(damaged.get(number, contents[number % 5]))
        samples, items, moments = [], [], []
        with subprocess.Popen([PROGRAM, "enhance", "in", "-o", "out", "--json"], cwd=self.root, env=self.environment(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as running:
            def watch():
                while len(items) < 98:
                    samples.append((len(items), memory(running.pid)))
                    time.sleep(0.01)
            watching = threading.Thread(target=watch)
            watching.start()
            for line in running.stdout:
                event = json.loads(line)
                if event["event"] == "item":
                    items.append(event)
                    moments.append(time.monotonic())
            items.extend([None] * (100 - len(items)))  # so that the watch ends, whatever was told
            watching.join()
        self.assertEqual(1, running.returncode)
        self.assertNotIn(None, items)
        self.assertEqual(100, len({item["input"] for item in items}))
        self.assertEqual({"033.png", "077.png"}, {os.path.basename(item["input"]) for item in items if item["state"] == "failed"})
        self.assertEqual(98, sum(item["state"] == "done" for item in items))
        # What is in memory at one moment depends on what is being done: the mean over thirty photos does not.
        early, late = (statistics.mean(used for number, used in samples if end - 30 <= number < end) for end in (40, 98))
        self.assertLess(late, 1.03 * early, f"memory grew from {early:.0f} to {late:.0f} bytes")
        first, last = (moments[24] - moments[4]) / 20, (moments[99] - moments[79]) / 20
        print(f"memory {early / 2**20:.1f} MiB at photos 11 to 40, {late / 2**20:.1f} at 69 to 98; "
              f"a photo took {first:.4f} s (6 to 25), {last:.4f} s (81 to 100)")


if __name__ == "__main__":
    support.main()

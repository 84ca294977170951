#!/usr/bin/env python3
"""gpen models pull, from a server that breaks off, stalls, corrupts, redirects and lies. Nothing outside this machine is asked:
addresses beyond it go to a proxy that is not there."""
import collections
import functools
import hashlib
import io
import json
import os
import pickle
import pty
import signal
import subprocess
import sys
import time
import types
import unittest
import zipfile
from array import array
from pathlib import Path

import support
from hostile_server import HostileServer, announce, answer, chunked, endless, etag, redirect, rude, serve, silent

pictures_known = "pictures" in sys.argv[2:]
if pictures_known:
    sys.argv.remove("pictures")

NAME = "GPEN-BFR-512"
DEAD_PROXY = "http://127.0.0.1:9"

# ---------------------------------------------------------------- models


def pth_bytes(tensors):
    """What torch.save writes: a zip archive with a pickle and a file a storage."""
    def rebuild():
        pass
    storage = type("FloatStorage", (), {"__module__": "torch"})
    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch.FloatStorage, torch._utils, utils._rebuild_tensor_v2 = storage, utils, rebuild

    class Tensor:
        def __init__(self, key, shape, count):
            strides, stride = [], 1
            for side in reversed(shape):
                strides.insert(0, stride)
                stride *= side
            self.state = (Key(key, count), 0, tuple(shape), tuple(strides), False, collections.OrderedDict())

        def __reduce__(self):
            return rebuild, self.state

    class Key:
        def __init__(self, key, count):
            self.identity = ("storage", storage, key, "cpu", count)

    class Writer(pickle.Pickler):
        def persistent_id(self, obj):
            return obj.identity if isinstance(obj, Key) else None
    packed, out = io.BytesIO(), io.BytesIO()
    names = {"torch": torch, "torch._utils": utils}
    kept = {name: sys.modules.get(name) for name in names}
    sys.modules.update(names)
    try:
        Writer(packed, 2).dump(collections.OrderedDict(
            (name, Tensor(str(number), shape, len(values)))
            for number, (name, (shape, values)) in enumerate(tensors.items())))
    finally:
        for name, module in kept.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", packed.getvalue())
        for number, (_, values) in enumerate(tensors.values()):
            archive.writestr(f"archive/data/{number}", array("f", values).tobytes())
        archive.writestr("archive/version", "3\n")
    return out.getvalue()


@functools.lru_cache(maxsize=None)
def published(size=512, width=8, seed=0):
    """A narrow GPEN of that many pixels, as a publisher has it."""
    return pth_bytes(support.tiny_tensors(seed, size=size, width=width))


def safetensors_bytes(folder, tensors):
    support.write_safetensors(folder / "made.safetensors", tensors)
    return (folder / "made.safetensors").read_bytes()


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]

# ---------------------------------------------------------------- what the cases share


class PullTest(support.CommandLineTest):
    def setUp(self):
        super().setUp()
        self.server = HostileServer()
        self.addCleanup(self.server.close)
        self.models = self.home / "data" / "models"
        self.downloads = self.models / "downloads"
        self.good = published()

    def environment(self, **changes):
        environment = super().environment()
        for name in list(environment):
            if name.lower() in ("http_proxy", "all_proxy", "no_proxy", "gpen_models_mirror"):
                del environment[name]
        environment.update({"https_proxy": DEAD_PROXY, **changes})
        return environment

    def pull(self, *arguments, name=NAME, mirrors=(), **options):
        arguments = ["--accept-license", "--timeout", "1", *([] if "--retries" in arguments else ["--retries", "0"]), *arguments]
        return self.gpen("models", "pull", name, *arguments, GPEN_MODELS_MIRROR=" ".join(mirrors), **options)

    def pull_from(self, address, *arguments, **options):
        return self.pull("--from", address, *arguments, **options)

    def start(self, address):
        return subprocess.Popen([support.PROGRAM, "models", "pull", NAME, "--accept-license", "--from", address], cwd=self.root,
                                env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def wait_for_part(self):
        end = time.monotonic() + 20
        part = self.downloads / f"{NAME}.part"
        while not (part.exists() and part.stat().st_size):
            self.assertLess(time.monotonic(), end, "nothing arrived")
            time.sleep(0.01)
        return part

    def installed(self):
        """Every file that could be taken for a model."""
        return sorted(path.name for path in self.models.rglob("*") if path.suffix in (".safetensors", ".pth", ".pt"))

    def left(self):
        return sorted(path.name for path in self.downloads.iterdir() if path.suffix in (".part", ".note"))

    def assert_installed(self, name=NAME):
        self.assertEqual([f"{name}.safetensors"], self.installed())
        self.assertEqual([], self.left())
        self.gpen("models", "verify", name)

    def assert_nothing(self):
        self.assertEqual([], self.installed())
        self.assertEqual([], [path.name for path in self.models.glob("*") if path.is_file()])

    def assert_refused(self, *behaviours, says, arguments=(), **options):
        outcome = self.pull_from(self.server.at("/x", *behaviours), *arguments, expect=1, **options)
        self.assertIn(says, outcome.err)
        self.assert_nothing()
        return outcome

# ---------------------------------------------------------------- cases


class Good(PullTest):
    def test_a_good_download(self):
        outcome = self.pull_from(self.server.at("/x", serve(self.good)))
        self.assertIn(f"{NAME} (restorer of 512 px", outcome.out)
        self.assert_installed()
        self.assertEqual([None], self.server.asked("/x"))
        recorded = (self.downloads / f"{NAME}.sha256").read_text()
        self.assertEqual(f"{hashlib.sha256(self.good).hexdigest()}  {NAME}.pth\n", recorded)
        self.gpen("bench", "--model", NAME, "--runs", "1", "--warmup", "0")

    def test_it_is_what_import_makes(self):
        self.pull_from(self.server.at("/x", serve(self.good)))
        pulled = (self.models / f"{NAME}.safetensors").read_bytes()
        (self.root / "mine.pth").write_bytes(self.good)
        self.gpen("models", "import", "mine.pth")
        self.assertEqual(pulled, (self.models / "mine.safetensors").read_bytes())

    def test_a_second_time_nothing_is_asked(self):
        address = self.server.at("/x", serve(self.good))
        self.pull_from(address)
        self.assertIn("is installed already", self.pull_from(address).out)
        self.assertEqual(1, len(self.server.seen))
        self.pull_from(address, "--overwrite")
        self.assertEqual(2, len(self.server.seen))
        self.assert_installed()

    def test_a_damaged_one_is_not_replaced_unasked(self):
        address = self.server.at("/x", serve(self.good))
        self.pull_from(address)
        path = self.models / f"{NAME}.safetensors"
        path.write_bytes(flip(path.read_bytes(), -1))
        self.assertIn("--overwrite", self.pull_from(address, expect=1).err)
        self.pull_from(address, "--overwrite")
        self.assert_installed()

    def test_json_of_a_failure(self):
        outcome = self.pull("--json", mirrors=[self.server.address], expect=1)
        self.assertEqual(("model", "failed", "fetch_failed", None),
                         tuple(outcome.events[-1][key] for key in ("event", "state", "reason", "path")))

    def test_json_lines(self):
        self.server.at(f"/b/{NAME}.pth", serve(self.good))
        outcome = self.pull("--json", mirrors=[self.server.address + "/a", self.server.address + "/b"])
        self.assertEqual("", outcome.err)
        events = [event for event in outcome.events if event["event"] != "progress"]
        self.assertEqual(["address", "address_failed", "address", "installing", "model"], [event["event"] for event in events])
        self.assertEqual({NAME}, {event["name"] for event in events})
        self.assertEqual(f"{self.server.address}/a/{NAME}.pth", events[1]["address"])
        self.assertIn("404", events[1]["message"])
        self.assertEqual("installed", events[-1]["state"])
        self.assertTrue(Path(events[-1]["path"]).is_file())

    def test_by_a_proxy(self):
        self.server.at("http://models.example/x", serve(self.good))
        self.pull_from("http://models.example/x", http_proxy=self.server.address)
        self.assert_installed()

    def test_secrets_are_not_shown(self):
        address = self.server.at("/x?token=secret", answer(403)).replace("//", "//me:secret@")
        outcome = self.pull_from(address, expect=1)
        self.assertNotIn("secret", outcome.err)
        self.assertIn(f"{self.server.address}/x", outcome.err)


class Continuing(PullTest):
    def test_what_broke_off_is_continued(self):
        address = self.server.at("/x", serve(self.good, keep=50000), serve(self.good))
        self.pull_from(address, expect=1)
        self.assert_nothing()
        self.assertEqual(50000, (self.downloads / f"{NAME}.part").stat().st_size)
        self.pull_from(address)
        self.assertEqual([None, "bytes=50000-"], self.server.asked("/x"))
        self.assertEqual(etag(self.good), self.server.seen[1][2])
        self.assert_installed()

    def test_by_itself(self):
        self.pull_from(self.server.at("/x", serve(self.good, keep=50000), serve(self.good)), "--retries", "1")
        self.assertEqual([None, "bytes=50000-"], self.server.asked("/x"))
        self.assert_installed()

    def test_an_address_that_brings_a_lot_is_asked_on_at_once(self):
        large = published(width=32)
        half = 9 << 17
        self.assertGreater(len(large), half)
        self.pull_from(self.server.at("/x", serve(large, keep=half), serve(large)))
        self.assertEqual([None, f"bytes={half}-"], self.server.asked("/x"))
        self.assert_installed()

    def test_a_server_without_ranges(self):
        address = self.server.at("/x", serve(self.good, keep=50000), serve(self.good, honest_range=False))
        self.pull_from(address, expect=1)
        self.pull_from(address)
        self.assertEqual([None, "bytes=50000-"], self.server.asked("/x"))
        self.assert_installed()

    def test_without_a_validator_it_begins_anew(self):
        address = self.server.at("/x", serve(self.good, keep=50000, validators=False), serve(self.good))
        self.pull_from(address, expect=1)
        self.pull_from(address)
        self.assertEqual([None, None], self.server.asked("/x"))
        self.assert_installed()

    def test_another_file_in_the_meantime(self):
        """Files without check sums of their own, so that a mixture would go through."""
        good, other = (safetensors_bytes(self.root, support.tiny_tensors(seed, size=512)) for seed in (0, 1))
        self.assertEqual(len(other), len(good))
        for name, checks in (("heeds", True), ("ignores", False)):
            with self.subTest(name + " If-Range"):
                address = self.server.at("/" + name, serve(other, keep=50000), serve(good, check_if_range=checks))
                self.pull_from(address, expect=1)
                self.pull_from(address)
                self.assertEqual([None, "bytes=50000-"] + ([] if checks else [None]), self.server.asked("/" + name))
                self.assert_installed()
                recorded = self.downloads / f"{NAME}.sha256"
                self.assertTrue(recorded.read_text().startswith(hashlib.sha256(good).hexdigest()))
                for path in [recorded, *self.models.glob(f"{NAME}.*")]:
                    path.unlink()

    def test_another_length_in_the_meantime(self):
        longer = self.good + b"\0" * 100
        address = self.server.at("/x", serve(longer, tag='"one"', keep=50000), serve(self.good, tag='"one"'))
        self.pull_from(address, expect=1)
        self.pull_from(address)
        self.assertEqual([None, "bytes=50000-", None], self.server.asked("/x"))
        self.assert_installed()

    def test_a_range_that_was_not_asked_for(self):
        def elsewhere(exchange):
            data = self.good
            exchange.start(206, ("Content-Length", len(data) - 9), ("Content-Range", f"bytes 9-{len(data) - 1}/{len(data)}"))
            exchange.send(data[9:])
        address = self.server.at("/x", serve(self.good, keep=50000), elsewhere, serve(self.good))
        self.pull_from(address, expect=1)
        self.pull_from(address)
        self.assertEqual([None, "bytes=50000-", None], self.server.asked("/x"))
        self.assert_installed()

    def test_a_mixture_is_fetched_anew(self):
        """The same ETag for two files: only the archive's check sums tell."""
        other = published(seed=1)
        self.assertEqual(len(other), len(self.good))
        address = self.server.at("/x", serve(other, tag='"one"', keep=50000), serve(self.good, tag='"one"'))
        self.pull_from(address, expect=1)
        self.pull_from(address)
        self.assertEqual([None, "bytes=50000-", None], self.server.asked("/x"))
        self.assert_installed()

    def leave(self, part, length, tag):
        self.downloads.mkdir(parents=True)
        (self.downloads / f"{NAME}.part").write_bytes(part)
        (self.downloads / f"{NAME}.note").write_text(
            f"gpen download 1\naddress {self.server.address}/x\netag {tag}\nmodified \nlength {length}\nend\n")

    def test_nothing_is_left_to_fetch(self):
        self.leave(self.good, len(self.good), etag(self.good))
        self.pull_from(self.server.at("/x", serve(self.good)))
        self.assertEqual([], self.server.seen)
        self.assert_installed()

    def test_a_server_that_says_so(self):
        self.leave(self.good, -1, etag(self.good))
        self.pull_from(self.server.at("/x", serve(self.good)))
        self.assertEqual([f"bytes={len(self.good)}-"], self.server.asked("/x"))
        self.assert_installed()

    def test_a_part_that_is_longer_than_the_file(self):
        self.leave(self.good + b"more", -1, etag(self.good))
        self.pull_from(self.server.at("/x", serve(self.good)))
        self.assertEqual([f"bytes={len(self.good) + 4}-", None], self.server.asked("/x"))
        self.assert_installed()

    def test_a_note_that_is_none(self):
        self.leave(self.good[:5000], -1, etag(self.good))
        (self.downloads / f"{NAME}.note").write_bytes(b"gpen download 1\naddress \xff\n")
        self.pull_from(self.server.at("/x", serve(self.good)))
        self.assertEqual([None], self.server.asked("/x"))
        self.assert_installed()

    def test_killed_in_the_middle(self):
        address = self.server.at("/x", serve(self.good, wait=True), serve(self.good))
        with self.start(address) as process:
            part = self.wait_for_part()
            process.kill()
            process.communicate()
        self.assert_nothing()
        size = part.stat().st_size
        self.pull_from(address)
        self.assertEqual([None, f"bytes={size}-"], self.server.asked("/x"))
        self.assert_installed()

    def test_interrupted(self):
        address = self.server.at("/x", serve(self.good, wait=True), serve(self.good))
        with self.start(address) as process:
            part = self.wait_for_part()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
            self.assertEqual(128 + signal.SIGINT, process.returncode)
        self.assert_nothing()
        self.assertGreater(part.stat().st_size, 0)
        self.pull_from(address)
        self.assert_installed()

    def test_two_at_once(self):
        address = self.server.at("/x", serve(self.good, wait=True))
        with self.start(address) as process:
            self.wait_for_part()
            self.assertIn("another gpen", self.pull_from(address, expect=1).err)
            self.server.released.set()
            process.communicate(timeout=30)
            self.assertEqual(0, process.returncode)
        self.assertEqual([None], self.server.asked("/x"))
        self.assert_installed()


class Broken(PullTest):
    def test_it_stalls(self):
        for behaviour in (serve(self.good, wait=True), silent):
            self.server.at(f"/a/{NAME}.pth", behaviour)
            self.server.at(f"/b/{NAME}.pth", serve(self.good))
            self.pull("--overwrite", mirrors=[self.server.address + "/a", self.server.address + "/b"])
            self.assert_installed()

    def test_mirrors_in_turn(self):
        for code in (403, 404, 500, 503):
            self.server.at(f"/{code}/{NAME}.pth", answer(code))
        self.server.at(f"/rude/{NAME}.pth", rude)
        self.server.at(f"/good/{NAME}.pth", serve(self.good))
        folders = ("403", "404", "500", "503", "rude", "good")
        self.pull(mirrors=[f"{self.server.address}/{folder}" for folder in folders])
        self.assertEqual([f"/{folder}/{NAME}.pth" for folder in folders], [path for path, _, _ in self.server.seen])
        self.assert_installed()

    def test_hopeless_ones_are_not_asked_again(self):
        self.server.at(f"/404/{NAME}.pth", answer(404))
        self.server.at(f"/503/{NAME}.pth", answer(503), serve(self.good))
        self.pull("--retries", "1", mirrors=[self.server.address + "/404/", self.server.address + "/503/"])
        self.assertEqual(1, len(self.server.asked(f"/404/{NAME}.pth")))
        self.assert_installed()

    def test_nobody_has_it(self):
        outcome = self.pull(mirrors=[self.server.address], expect=1)
        self.assertIn("404", outcome.err)
        self.assertIn("The download did not succeed.", outcome.err)
        self.assertIn("下载未成功。", self.pull(mirrors=[self.server.address], expect=1, LC_ALL="zh_CN.UTF-8").err)
        self.assert_nothing()

    def test_lengths_that_are_not_true(self):
        self.assert_refused(announce(len(self.good) + 100, self.good), says="transfer closed")
        self.assert_refused(announce(len(self.good) - 100, self.good), says="damaged or of another kind")
        self.assert_refused(announce(5 << 30, b""), says="more than any model")

    def test_no_length_at_all(self):
        self.pull_from(self.server.at("/x", chunked(self.good[:1000], self.good[1000:])))
        self.assert_installed()

    def test_no_length_and_no_end(self):
        self.assert_refused(chunked(self.good[:1000], end=False), says="not succeed")

    def test_without_end(self):
        outcome = self.assert_refused(endless(b"\0" * (1 << 20)), says="more than the file can have", name="ParseNet")
        self.assertIn("85331193", outcome.err)
        self.assertEqual([], self.left())

    def test_compressed_on_the_way(self):
        self.assert_refused(answer(200, ("Content-Encoding", "gzip"), body=b"\x1f\x8b"), says="compressed")

    def test_no_content(self):
        self.assert_refused(answer(204), says="204")
        self.assert_refused(answer(200), says="empty")

    def test_a_page_in_its_place(self):
        self.assert_refused(answer(200, body=b"<!DOCTYPE html><title>Sign in</title>"), says="a web page")

    def test_a_published_length(self):
        self.assert_refused(serve(self.good), says="not the published 85331193", name="ParseNet")
        self.assertEqual([], self.left())

    def test_a_published_sum(self):
        self.assert_refused(serve(self.good), says="not the published file", name="RetinaFace-MobileNet0.25")
        self.assertEqual([], self.left())

    def test_the_first_sum_counts(self):
        original = safetensors_bytes(self.root, support.tiny_tensors(size=512))
        self.pull_from(self.server.at("/x", serve(original)))
        for path in self.models.glob(f"{NAME}.*"):
            path.unlink()
        self.assert_refused(serve(flip(original, -1)), says="not the file that was installed first")
        self.server.at(f"/bad/{NAME}.pth", serve(flip(original, -1)))
        self.server.at(f"/good/{NAME}.pth", serve(original))
        self.pull(mirrors=[self.server.address + "/bad", self.server.address + "/good"])
        self.assert_installed()
        (self.downloads / f"{NAME}.sha256").write_text("nonsense\n")
        self.assertIn("SHA-256", self.pull("--overwrite", mirrors=[self.server.address + "/good"], expect=1).err)

    def test_a_known_sum_lets_another_mirror_continue(self):
        self.pull_from(self.server.at("/x", serve(self.good)))
        for path in self.models.glob(f"{NAME}.*"):
            path.unlink()
        self.server.at(f"/a/{NAME}.pth", serve(self.good, keep=50000))
        self.server.at(f"/b/{NAME}.pth", serve(self.good, tag='"another"'))
        self.pull(mirrors=[self.server.address + "/a", self.server.address + "/b"])
        self.assertEqual([None, "bytes=50000-"], self.server.asked(f"/a/{NAME}.pth") + self.server.asked(f"/b/{NAME}.pth"))
        self.assertIsNone(self.server.seen[-1][2])
        self.assert_installed()

    def test_a_corrupt_byte(self):
        """In the middle of a tensor; the archive's own check sums know, where no other is known yet."""
        self.server.at(f"/bad/{NAME}.pth", serve(flip(self.good, len(self.good) // 2)))
        self.server.at(f"/good/{NAME}.pth", serve(self.good))
        outcome = self.pull(mirrors=[self.server.address + "/bad", self.server.address + "/good"])
        self.assertIn("/bad/", outcome.err)
        self.assert_installed()

    def test_another_model(self):
        self.assert_refused(serve(published(size=64)), says="of 64 px, not of 512 px")
        detector = safetensors_bytes(self.root, support.mark_detector())
        self.assert_refused(serve(detector), says="it is a detector, not the restorer")
        self.assertEqual([], self.left())

    def test_a_pickle_that_would_do_something(self):
        class Evil:
            def __reduce__(self):
                return os.system, (f"touch {self_root}/ran",)
        self_root = self.root
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps({"w": Evil()}, 2))
        self.assert_refused(serve(out.getvalue()), says="damaged or of another kind")
        self.assertFalse((self.root / "ran").exists())

    def test_redirects(self):
        self.server.at("/y/z", redirect("/end", 308))
        self.server.at("/end", serve(self.good))
        self.pull_from(self.server.at("/x", redirect("y/z", 301)))
        self.assert_installed()

    def test_redirects_that_are_not_followed(self):
        for target, says in (("file:///etc/passwd", "neither http nor https"), ("ftp://127.0.0.1/x", "neither http nor https"),
                             ("javascript:alert(1)", "leads to"), ("/x", "without end")):
            with self.subTest(target):
                outcome = self.assert_refused(redirect(target), says=says)
                self.assertIn("may not be fetched", outcome.err)
        self.assertEqual(9, sum(path == "/x" for path, _, _ in self.server.seen[-9:]))
        self.assert_refused(answer(302), says="302")

    def test_addresses_that_are_not_fetched(self):
        (self.root / "model.pth").write_bytes(self.good)
        for address in (f"file://{self.root}/model.pth", str(self.root / "model.pth"), "gopher://127.0.0.1/x"):
            self.assertIn("only http and https", self.pull_from(address, expect=1).err)
            self.assert_nothing()

    def test_the_disk_is_full(self):
        place = self.home / "data"
        place.mkdir(parents=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "none", place], check=False, capture_output=True)
        if mounted.returncode:
            self.skipTest("no small file system can be made here")
        try:
            outcome = self.pull_from(self.server.at("/x", serve(self.good)), expect=1)
            self.assertIn("The disk is full.", outcome.err)
            self.assert_nothing()
            self.assertEqual(1, len(self.server.seen))
            for size in (len(self.good) + 40000, 2 * len(self.good) + 200000):  # no room to write it as safetensors; room
                subprocess.run(["mount", "-o", f"remount,size={size}", place], check=True)
                outcome = self.pull_from(self.server.at("/x", serve(self.good)), expect=int(size < 2 * len(self.good)))
                if outcome.status:
                    self.assertIn("The disk is full.", outcome.err)
                    self.assert_nothing()
            self.assert_installed()
        finally:
            subprocess.run(["umount", place], check=True)

    def test_a_folder_that_may_not_be_written(self):
        self.models.parent.mkdir(parents=True)
        self.models.write_text("in the way")
        self.gpen("models", "pull", NAME, "--accept-license", "--from", self.server.at("/x", serve(self.good)), expect=3)


class Licences(PullTest):
    def ask(self, typed, *arguments, **changes):
        """With a terminal; returns the exit status and what stood on it."""
        ours, theirs = pty.openpty()
        with subprocess.Popen([support.PROGRAM, "models", "pull", NAME, "--retries", "0", *arguments], cwd=self.root,
                              env=self.environment(TERM="xterm", **changes), stdin=theirs, stdout=subprocess.PIPE,
                              stderr=theirs) as process:
            os.close(theirs)
            os.write(ours, typed.encode())
            seen = b""
            while True:
                try:
                    part = os.read(ours, 65536)
                except OSError:
                    break
                if not part:
                    break
                seen += part
            process.stdout.read()
            status = process.wait(timeout=30)
        os.close(ours)
        return status, seen.decode("utf-8", "replace")

    def test_without_a_terminal(self):
        address = self.server.at("/x", serve(self.good))
        outcome = self.gpen("models", "pull", NAME, "--from", address, expect=2)
        self.assertIn("--accept-license", outcome.err)
        self.assertIn("non-commercial", outcome.err)
        self.assertIn("许可", self.gpen("models", "pull", NAME, "--from", address, expect=2, LC_ALL="zh_CN.UTF-8").err)
        self.assertEqual([], self.server.seen)
        self.assertFalse(self.models.exists())

    def test_accepted_once(self):
        address = self.server.at("/x", serve(self.good))
        outcome = self.pull_from(address)
        self.assertIn("research, non-commercial", outcome.err)
        for path in self.models.glob(f"{NAME}.*"):
            path.unlink()
        outcome = self.gpen("models", "pull", NAME, "--from", address)
        self.assertNotIn("licence", outcome.err)
        self.assert_installed()
        self.gpen("models", "pull", "GPEN-BFR-256", "--from", address, expect=2)

    def test_other_words_are_asked_anew(self):
        self.downloads.mkdir(parents=True)
        (self.downloads / f"{NAME}.license").write_text("do what you like\n")
        self.gpen("models", "pull", NAME, expect=2)

    def test_asked_on_a_terminal(self):
        address = self.server.at("/x", serve(self.good))
        status, seen = self.ask("n\n", "--from", address)
        self.assertEqual(1, status)
        self.assertIn("research, non-commercial (Alibaba DAMO)", seen)
        self.assertEqual([], self.server.seen)
        status, seen = self.ask("y\n", "--from", address)
        self.assertEqual(0, status, seen)
        self.assertIn("[####################]", seen)
        self.assert_installed()
        status, seen = self.ask("", "--from", address)
        self.assertEqual((0, False), (status, "[y/N]" in seen))

    def test_asked_in_chinese(self):
        status, seen = self.ask("是\n", "--from", self.server.at("/x", serve(self.good)), LC_ALL="zh_CN.UTF-8")
        self.assertEqual(0, status, seen)
        self.assertIn("接受吗", seen)


class Saying(PullTest):
    def test_names(self):
        self.assertIn(f"did you mean {NAME}?", self.pull(name="GPEN-BRF-512", expect=2).err)
        self.assertIn("cannot do yet", self.pull(name="RealESRNet-x2", expect=2).err)
        self.gpen("models", "pull", expect=2)
        self.gpen("models", "pull", NAME, "ParseNet", "--from", "http://127.0.0.1/x", expect=2)
        self.assertFalse(self.models.exists())

    def test_several(self):
        self.server.at(f"/{NAME}.pth", serve(self.good))
        self.server.at("/GPEN-BFR-256.pth", serve(published(size=256)))
        self.pull("GPEN-BFR-256", mirrors=[self.server.address])
        self.assertEqual(["GPEN-BFR-256.safetensors", f"{NAME}.safetensors"], self.installed())

    def test_quiet(self):
        outcome = self.pull_from(self.server.at("/x", serve(self.good)), "--quiet")
        self.assertEqual(("", ""), (outcome.out, outcome.err))

    def test_the_list(self):
        text = self.gpen("models", "list").out
        self.assertRegex(text, rf"{NAME}\s+restorer 512\s+restores faces\s+not known\s+-\s+research, non-commercial")
        self.assertRegex(text, r"ParseNet\s+parser\s+finds a face's edge\s+81\.4 MiB\s+-\s+MIT")
        self.assertNotIn("RealESRNet", text)
        self.pull_from(self.server.at("/x", serve(self.good)))
        self.assertRegex(self.gpen("models", "list").out, rf"{NAME}.*installed +research")
        listed = {model["name"]: model for model in json.loads(self.gpen("models", "list", "--json").out)["published"]}
        self.assertEqual((True, True, 512), tuple(listed[NAME][key] for key in ("installed", "license_accepted", "size")))
        self.assertEqual((False, False, 85331193),
                         tuple(listed["ParseNet"][key] for key in ("installed", "license_accepted", "bytes")))

    @unittest.skipUnless(pictures_known, "this build has no pictures")
    def test_full_quality_is_mentioned_once(self):
        support.write_png(self.root / "face.png")
        for arguments in (["--json"], ["--quiet"], ["--dry-run"]):
            self.assertNotIn("models pull", self.enhance("face.png", "-o", "out", *arguments).err)
            (self.root / "out" / "face.png").unlink(missing_ok=True)
        self.assertIn(f"gpen models pull {NAME}", self.enhance("face.png", "-o", "out").err)
        self.assertNotIn("models pull", self.enhance("face.png", "-o", "out", "--overwrite").err)
        (self.home / "state" / "full-quality-mentioned").unlink()
        self.assertIn("最佳效果", self.enhance("face.png", "-o", "out", "--overwrite", LC_ALL="zh_CN.UTF-8").err)


if __name__ == "__main__":
    support.main()

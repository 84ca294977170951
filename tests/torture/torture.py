#!/usr/bin/env python3
"""Batches in bad conditions: does each photo come to its end, once?

    torture.py PROGRAM WEATHER [--seconds N] [--seed S] [--keep]

Campaign after campaign until the time is over. Each is a folder of photos, good ones and damaged ones, that `gpen enhance` is run
over again and again while something goes wrong: its workers and the program itself are killed or stopped, the disk fills up, photos
vanish, reads are slow, allocations fail, the calendar jumps, there are no descriptors left. Then the weather calms down, the same
command is given until it ends by itself, and everything is counted: each photo is done or failed with a reason, each result decodes,
none is missing, none is there twice, nothing is left behind. At last what failed is asked for again: in fair weather every good
photo must be done.

PROGRAM is gpen, WEATHER the library that tests/torture/weather.c makes. The disk that fills up is a small one in memory, which takes
the right to mount; without it the campaigns do without that. Exits 1 when a promise was broken; the campaign's folder stays then."""
import argparse
import collections
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))
ASSETS = HERE.parent.parent / "assets"
DISK_MEBIBYTES = 24
CALM_RUNS = 8          # more than two retries and a killed run can need
LONGEST_CALM = 240     # seconds; a hang in fair weather is a broken promise
GOOD, DAMAGED, VANISHING = "good", "damaged", "vanishing"


class Broken(Exception):
    """A promise that did not hold."""


# ---------------------------------------------------------------- photos


def write_photos(folder, source):
    """Photos by name; (name -> kind)."""
    from support import png_bytes
    portrait = (ASSETS / "example" / "photo-degraded.jpg").read_bytes()
    photos = {}
    for number in range(source.randint(8, 24)):
        photos[f"portrait {number}.jpg"] = (GOOD, portrait + b"\n" * number)  # behind a JPEG's end anything may stand
    for number in range(source.randint(4, 16)):
        photos[f"people/landscape-{number}.png"] = (GOOD, png_bytes(source.randint(32, 200), source.randint(32, 120), seed=number))
    photos["damaged/cut.jpg"] = (DAMAGED, portrait[:len(portrait) // 3])
    photos["damaged/empty.png"] = (DAMAGED, b"")
    photos["damaged/text.jpg"] = (DAMAGED, b"this is no picture\n" * 50)
    for number in range(2):
        photos[f"gone/{number}.jpg"] = (VANISHING, portrait + b"." * (number + 1))
    for name, (_, content) in photos.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return {name: kind for name, (kind, _) in photos.items()}


# ---------------------------------------------------------------- one run of the program


def children(process):
    try:
        with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as listed:
            return [int(number) for number in listed.read().split()]
    except OSError:
        return []


def send(process, number):
    try:
        os.kill(process, number)
        return True
    except ProcessLookupError:
        return False


class Campaign:
    def __init__(self, options, seed, folder):
        self.program, self.weather = options.program, options.weather
        self.source = random.Random(seed)
        self.folder = folder
        self.photos_folder, self.disk = folder / "photos", folder / "disk"
        self.out, self.home = self.disk / "out", self.disk / "home"
        self.mounted = False
        self.happened = collections.Counter()
        self.seed = seed
        self.kinds = {}

    def begin(self):
        self.photos_folder.mkdir()
        self.disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEBIBYTES}m", "none", str(self.disk)]
        self.mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
        self.kinds = write_photos(self.photos_folder, self.source)

    def end(self, keep):
        if keep and self.mounted:
            shutil.copytree(self.disk, self.folder / "disk-as-it-was", symlinks=True)
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.disk)], check=False)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, **changes):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "XDG_", "GPEN_", "WEATHER_"))}
        environment.update({"GPEN_HOME": str(self.home), "GPEN_ASSETS": str(ASSETS / "weights"), "LC_ALL": "C.UTF-8"}, **changes)
        return environment

    def command(self, *more):
        return [self.program, "enhance", str(self.photos_folder), "-o", str(self.out), "--workers", "2", "--threads", "1",
                "--timeout", "20", "--json", *more]

    # ------------------------------------------------------------ bad weather

    def conditions(self):
        """What this run has to live with: environment and limit of descriptors."""
        changes, descriptors = {}, None
        kind = self.source.choice(["none", "none", "allocations", "reads", "clock", "descriptors", "all"])
        if kind in ("allocations", "all"):
            changes["WEATHER_ALLOCATIONS"] = str(self.source.choice([300, 3000, 30000]))
            changes["WEATHER_AFTER"] = str(self.source.randint(0, 40000))
        if kind in ("reads", "all"):
            changes["WEATHER_READS"] = str(self.source.choice([3, 30]))
        if kind in ("clock", "all"):
            changes["WEATHER_CLOCK"] = str(self.source.choice([2, 3600, 3 * 366 * 86400]))
        if kind in ("descriptors", "all"):
            descriptors = self.source.randint(6, 40)
        if changes:
            changes["LD_PRELOAD"] = self.weather
            changes["WEATHER_SEED"] = str(self.source.getrandbits(60))
        self.happened["run in weather " + kind] += 1
        return changes, descriptors

    def strike(self, process, state):
        """Something happens."""
        workers = children(process)
        kind = self.source.choice(["kill worker", "kill worker", "stop worker", "kill program", "stop program", "interrupt", "fill disk", "free disk",
                                   "vanish", "nothing"])
        if kind.endswith("worker") and workers:
            send(self.source.choice(workers), signal.SIGKILL if kind == "kill worker" else signal.SIGSTOP)
        elif kind == "kill program":
            send(process, signal.SIGKILL)
        elif kind == "stop program":
            send(process, signal.SIGSTOP)
            time.sleep(self.source.uniform(0.1, 1.0))
            send(process, signal.SIGCONT)
        elif kind == "interrupt":
            send(process, signal.SIGINT)
        elif kind == "fill disk" and self.mounted:
            self.fill_disk()
        elif kind == "free disk":
            (self.disk / "filler").unlink(missing_ok=True)
        elif kind == "vanish":
            gone = [name for name, what in self.kinds.items() if what == VANISHING and (self.photos_folder / name).exists()]
            if gone and state["began"]:
                (self.photos_folder / gone[0]).unlink()
        self.happened[kind] += 1

    def fill_disk(self):
        leave = self.source.choice([0, 4096, 65536, 1 << 20])
        with open(self.disk / "filler", "ab", buffering=0) as filler:
            try:
                while True:
                    facts = os.statvfs(self.disk)
                    free = facts.f_bavail * facts.f_bsize - leave
                    if free <= 0 or not filler.write(b"\0" * min(free, 1 << 20)):
                        break
            except OSError:
                pass

    def run_in_bad_weather(self, until):
        changes, descriptors = self.conditions()

        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
        with subprocess.Popen(self.command(), env=self.environment(**changes), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, preexec_fn=limit if descriptors else None) as running:
            state = {"began": True}
            longest = time.monotonic() + self.source.uniform(2, 12)
            while running.poll() is None and time.monotonic() < min(until, longest):
                time.sleep(self.source.uniform(0.02, 0.8))
                if running.poll() is None:
                    self.strike(running.pid, state)
            workers = children(running.pid)
            send(running.pid, signal.SIGCONT)
            send(running.pid, signal.SIGKILL)
            running.wait()
        self.wait_for_end(workers)

    def wait_for_end(self, workers):
        """Workers of a program that was killed end by themselves, also those that were stopped."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            left = [worker for worker in workers if self.is_worker(worker)]
            if not left:
                return
            time.sleep(0.05)
        raise Broken(f"workers outlived their supervisor: {left}")

    def is_worker(self, process):
        try:
            state = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
            return state not in "ZX" and b"internal-worker" in Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:
            return False

    # ------------------------------------------------------------ fair weather

    def run_calmly(self, *more):
        """The same command until it ends by itself. Returns its events."""
        (self.disk / "filler").unlink(missing_ok=True)
        for _ in range(CALM_RUNS):
            try:
                done = subprocess.run(self.command(*more), env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True,
                                      timeout=LONGEST_CALM, check=False)
            except subprocess.TimeoutExpired as hung:
                raise Broken("hung in fair weather") from hung
            if done.returncode in (0, 1):
                return [json.loads(line) for line in done.stdout.decode("utf-8", "surrogateescape").splitlines()]
            if b"store_damaged" in done.stdout or b"store_damaged" in done.stderr:
                raise Broken("the store is damaged: " + done.stderr.decode("utf-8", "replace"))
            self.happened[f"calm run ended with {done.returncode}"] += 1
        raise Broken(f"did not end in {CALM_RUNS} calm runs: {done.returncode} {done.stdout[-2000:]!r} {done.stderr[-2000:]!r}")

    def check(self, events, everything_good):
        """Every photo once, every result whole, nothing besides."""
        items = {}
        for event in events:
            if event.get("event") == "item":
                name = os.path.relpath(event["input"], self.photos_folder)
                if name in items:
                    raise Broken(f"told twice: {name}")
                items[name] = event
        results = set()
        for name, kind in self.kinds.items():
            present = (self.photos_folder / name).exists()
            event = items.get(name)
            if event is None:
                if kind == VANISHING and not present:
                    continue  # it is not in the folder any more when the command is given again
                raise Broken(f"not accounted for: {name}")
            state = event["state"]
            if state == "failed" and not event.get("reason"):
                raise Broken(f"failed without a reason: {name}")
            if kind == DAMAGED and state != "failed":
                raise Broken(f"damaged and yet {state}: {name}")
            if kind == GOOD and everything_good and state not in ("done", "skipped"):
                raise Broken(f"{state} in fair weather: {name}: {event.get('reason')} {event.get('detail') or event.get('message')}")
            if state in ("done", "skipped"):
                results.add(os.path.relpath(event["output"], self.out))
        self.check_files(results)
        return items

    def check_files(self, results):
        there = {os.path.relpath(path, self.out) for path in self.out.rglob("*") if not path.is_dir()}
        vanished = {name for name, kind in self.kinds.items() if kind == VANISHING}
        if results - there:
            raise Broken(f"missing: {sorted(results - there)}")
        if there - results - vanished:
            raise Broken(f"nobody's, or twice: {sorted(there - results - vanished)}")
        if not there:
            return
        decoded = subprocess.run([self.program, "detect", "--json", str(self.out)], env=self.environment(), capture_output=True,
                                 check=False, timeout=LONGEST_CALM)
        if decoded.returncode:
            raise Broken("a result does not decode: " + decoded.stdout.decode("utf-8", "replace")[-2000:])

    def retry_failed(self):
        subprocess.run([self.program, "batch", "retry", "-o", str(self.out)], env=self.environment(), check=False,
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=60)

    def go(self, seconds):
        self.begin()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.run_in_bad_weather(until)
        items = self.check(self.run_calmly(), everything_good=False)
        failed = sum(1 for name, event in items.items() if event["state"] == "failed" and self.kinds[name] == GOOD)
        self.happened["photos"] += len(items)
        self.happened["good photos that failed with a reason"] += failed
        self.retry_failed()
        self.check(self.run_calmly(), everything_good=True)


# ---------------------------------------------------------------- all campaigns


def in_own_mounts():
    """Starts this again where it may mount and nobody else sees it; comes back when that is so, or cannot be."""
    if os.environ.get("TORTURE_IN_OWN_MOUNTS") or not shutil.which("unshare"):
        return
    environment = dict(os.environ, TORTURE_IN_OWN_MOUNTS="1")
    for how in (["--mount"], ["--user", "--map-root-user", "--mount"]):
        if subprocess.run(["unshare", *how, "true"], check=False, capture_output=True).returncode == 0:
            os.execvpe("unshare", ["unshare", *how, sys.executable, *sys.argv], environment)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("weather", type=os.path.abspath)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    in_own_mounts()
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    until = time.monotonic() + options.seconds
    total, campaigns = collections.Counter(), 0
    print(f"seed {seed}, {options.seconds:.0f} s", flush=True)
    while campaigns == 0 or time.monotonic() < until:
        folder = Path(tempfile.mkdtemp(prefix="gpen-torture-"))
        campaign = Campaign(options, seed + campaigns, folder)
        try:
            campaign.go(min(random.Random(campaign.seed).uniform(10, 30), max(5.0, until - time.monotonic())))
        except Broken as broken:
            print(f"[  FAILED ] campaign with seed {campaign.seed}: {broken}\n{folder} is kept", flush=True)
            campaign.end(keep=True)
            return 1
        campaign.end(keep=options.keep)
        total += campaign.happened
        campaigns += 1
        print(f"campaign {campaigns}: {campaign.happened['photos']} photos, each accounted for", flush=True)
    print(f"[       OK ] torture: {campaigns} campaigns; " + ", ".join(f"{count} {what}" for what, count in sorted(total.items())))
    if not total["fill disk"]:
        print("note: no disk was filled up")
    return 0


if __name__ == "__main__":
    sys.exit(main())

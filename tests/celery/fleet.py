"""What the tests of the Celery worker share: a Redis of their own, Celery's own client, and workers.

Peers are the real ones: redis-server, and celery and kombu for the Python that runs this. Without them a test skips."""
import contextlib
import gc
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
import support  # noqa: E402  (what the tests of the command line share: a tiny network, pictures, cases)

SKIPPED = 77  # as meson understands it


def peers_or_skip():
    try:
        import celery  # noqa: F401
        import redis  # noqa: F401
    except ImportError as missing:
        print(f"skipped: {missing}")
        sys.exit(SKIPPED)
    if not shutil.which("redis-server"):
        print("skipped: no redis-server")
        sys.exit(SKIPPED)


peers_or_skip()
import celery  # noqa: E402
import redis  # noqa: E402


def wait_for(what, seconds=20, interval=0.02):
    """The first true value of what(); an assertion after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(interval)


class Redis:
    """A server in a folder, which can be stopped and started again."""

    def __init__(self, folder, password=None):
        self.folder, self.password = Path(folder), password
        self.folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = None
        self.start()

    def start(self):
        arguments = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder),
                     "--appendonly", "yes", "--appendfsync", "no", "--save", "", "--daemonize", "no"]
        if self.password:
            arguments += ["--requirepass", self.password]
        self.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.answers)

    def answers(self):
        try:
            return self.client().ping()
        except redis.exceptions.RedisError:
            return False

    def client(self):
        return redis.Redis(port=self.port, password=self.password)

    def stop(self, keep=True):
        if self.process:
            self.process.send_signal(signal.SIGTERM if keep else signal.SIGKILL)
            self.process.wait()
            self.process = None
        if not keep:
            for path in self.folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    @property
    def url(self):
        secret = f":{quote(self.password)}@" if self.password else ""
        return f"redis://{secret}127.0.0.1:{self.port}/0"


class Worker:
    """A `gpen worker`."""

    def __init__(self, process, log, name):
        self.process, self.log, self.name = process, log, name

    def text(self):
        return self.log.read_text(errors="replace")

    def children(self):
        """Its worker processes."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for task in Path(f"/proc/{self.process.pid}/task").iterdir():
                found += [int(number) for number in (task / "children").read_text().split()]
        return found

    def pause(self):
        """Stops the worker processes, so that what they are given stays begun. Returns what lets them go on."""
        children = self.children()
        for child in children:
            os.kill(child, signal.SIGSTOP)

        def go_on():
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGCONT)
        return go_on

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def end(self):
        """Under a sanitizer it ends by itself, so that what it forgot to release is reported."""
        if self.process.poll() is None and os.environ.get("GPEN_SANITIZED"):
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=20)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        assert self.process.returncode in (0, -signal.SIGKILL), self.text()


class FleetTest(support.CommandLineTest):
    """A Redis, an app, and workers, for each case."""

    password = None

    def setUp(self):
        super().setUp()
        self.install_detector()
        self.redis = Redis(self.root / "redis", self.password)
        self.addCleanup(self.redis.stop)
        self.photos = self.root / "photos"
        self.photos.mkdir()
        self.app = celery.Celery("test", broker=self.redis.url, backend=self.redis.url)
        self.app.conf.update(task_default_queue="python", broker_connection_retry_on_startup=True,
                             result_backend_transport_options={"retry_policy": {
                                 "max_retries": 2, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.2}})
        self.addCleanup(self.app.close)
        self.addCleanup(gc.collect)  # results that are waited for must go before their Redis does
        self.workers = []

    def client(self):
        return self.redis.client()

    def worker(self, *arguments, name=None, ready=True, prefix=(), environment=None, **options):
        """Starts one, and waits until its worker processes are ready."""
        name = name or f"w{len(self.workers) + 1}@test"
        words = ["worker", "--broker", f"redis://127.0.0.1:{self.redis.port}/0", "--root", self.photos, "--name", name,
                 "--concurrency", "1", *arguments]
        for option, value in options.items():
            words += ["--" + option.replace("_", "-"), str(value)]
        log = self.root / f"{name}-{len(self.workers)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen([*prefix, support.PROGRAM, *map(os.fspath, words)], stdout=out, stderr=out,
                                       stdin=subprocess.DEVNULL, cwd=self.root,
                                       env=self.environment(GPEN_LOG="info", GPEN_BROKER_PASSWORD=self.password or "",
                                                            **(environment or {})))
        worker = Worker(process, log, name)
        self.addCleanup(worker.end)
        self.workers.append(worker)
        if ready:
            wait_for(lambda: self.ready(worker), 60)
        return worker

    def ready(self, worker):
        assert worker.process.poll() is None, worker.text()
        stats = self.app.control.inspect(destination=[worker.name], timeout=0.5).stats() or {}
        return stats.get(worker.name, {}).get("pool", {}).get("ready", 0) > 0

    def photo(self, name="a.png", marks=(("large", 2, 2),), width=160, height=160):
        path = self.photos / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(support.marked_photo(width, height, marks))
        return name

    def send(self, *arguments, task="gpen.enhance", queue="gpen", **options):
        return self.app.send_task(task, arguments, queue=queue, **options)

    def slow_photo(self, name="slow.png", side=5000):
        """One that takes a while to read."""
        def chunk(kind, body):
            return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        packer = zlib.compressobj(1)
        row = b"\0" + bytes(3 * side)
        pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
        (self.photos / name).write_bytes(b"\x89PNG\r\n\x1a\n" +
                                         chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
                                         chunk(b"IDAT", pixels) + chunk(b"IEND", b""))
        return name

    def catch_at_work(self, sent, worker):
        """Waits until a worker process reads the photo, and stops it there. Returns what lets it go on."""
        def at_work():
            meta = sent.backend.get_task_meta(sent.id, cache=False)
            return meta["status"] == "PROGRESS" and meta["result"]["stage"] not in ("waiting", "save")
        wait_for(at_work, 60, 0.005)
        return worker.pause()

    def state(self, result):
        return result.backend.get_task_meta(result.id, cache=False)["status"]

    def assert_empty(self, queue="gpen"):
        """Nothing is left of tasks: not in the queue, and not held."""
        client = self.client()
        lists = [queue] + [f"{queue}\x06\x16{step}" for step in (3, 6, 9)]
        wait_for(lambda: not any(client.llen(name) for name in lists) and not client.hlen("unacked") and
                 not client.zcard("unacked_index"))


def main():
    support.main()

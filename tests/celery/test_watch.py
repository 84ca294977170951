"""What operators see of a worker: its numbers, and whether it is alive and ready."""
import contextlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import threading
import unittest

import fleet


def samples(text):
    """name and labels -> value; and the names that are described."""
    values, described = {}, set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            described.add(line.split()[2])
        elif not line.startswith("#"):
            key, _, value = line.rpartition(" ")
            values[key] = float(value)
    return values, described


class Watched(fleet.FleetTest):
    def watched(self, *arguments, **options):
        worker = self.worker("--metrics", "127.0.0.1:0", *arguments, **options)
        self.port = int(fleet.wait_for(lambda: re.search(r"numbers: port (\d+)", worker.text())).group(1))
        return worker

    def ask(self, path, method="GET", body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), dict(answer.getheaders())

    def numbers(self):
        status, text, headers = self.ask("/metrics")
        self.assertEqual((200, "text/plain; version=0.0.4; charset=utf-8"), (status, headers["Content-Type"]))
        return samples(text)[0]

    def ready(self, worker):
        """Without asking over the broker."""
        assert worker.process.poll() is None, worker.text()
        found = re.search(r"numbers: port (\d+)", worker.text())
        self.port = int(found.group(1)) if found else 0
        return found and self.ask("/readyz")[0] == 200

    def test_what_became_of_tasks(self):
        self.watched("--allow-private")
        self.photo(marks=(("large", 2, 2), ("small", 4, 4)))
        nobody = socket.socket()
        self.addCleanup(nobody.close)
        nobody.bind(("127.0.0.1", 0))
        away = self.send(f"http://127.0.0.1:{nobody.getsockname()[1]}/a.png", "away.png")
        for i in range(3):
            self.send("a.png", f"{i}.png").get(timeout=30)
        for name in ("none.png", "also-none.png"):
            with self.assertRaises(Exception):
                self.send(name).get(timeout=30)
        with self.assertRaises(Exception):
            self.send("a.png", "b.bmp").get(timeout=30)
        with self.assertRaises(Exception):
            self.send("a.png", expires=-5).get(timeout=30)
        with self.assertRaises(Exception):
            away.get(timeout=60)
        self.assert_empty()
        seen = self.numbers()
        attempts = {state: seen[f'gpen_worker_attempts_total{{state="{state}"}}']
                    for state in ("queued", "running", "done", "failed", "cancelled")}
        self.assertEqual({"queued": 2, "running": 0, "done": 3, "failed": 4, "cancelled": 1}, attempts)
        self.assertEqual({'gpen_worker_failures_total{reason="input_missing"}': 2,
                          'gpen_worker_failures_total{reason="fetch_failed"}': 1,
                          'gpen_worker_failures_total{reason="bad_argument"}': 1},
                         {key: value for key, value in seen.items() if "failures" in key})
        for stage in ("decode", "detect", "restore", "encode"):
            name = "gpen_worker_stage_seconds"
            self.assertEqual(3, seen[f'{name}_count{{stage="{stage}"}}'], stage)
            self.assertEqual(3, seen[f'{name}_bucket{{stage="{stage}",le="+Inf"}}'], stage)
            buckets = [value for key, value in seen.items() if key.startswith(f'{name}_bucket{{stage="{stage}"')]
            self.assertEqual((sorted(buckets), 16), (buckets, len(buckets)))
            self.assertGreater(seen[f'{name}_sum{{stage="{stage}"}}'], 0)
        self.assertEqual(6, seen['gpen_worker_faces_total{state="restored"}'])
        self.assertEqual(1, seen["gpen_worker_broker_up"])
        self.assertEqual((1, 1), tuple(seen[f'gpen_worker_processes{{state="{state}"}}'] for state in ("planned", "ready")))

    def test_what_it_holds_and_who_dies(self):
        worker = self.watched(prefetch=9)
        self.slow_photo()
        go_on = worker.pause()  # so that nothing of what comes is ended
        later = self.send("slow.png", "later.png", countdown=3600)
        sent = [self.send("slow.png", f"{i}.png") for i in range(5)]

        def held():
            seen = self.numbers()
            return [seen[f'gpen_worker_tasks{{state="{state}"}}'] for state in ("active", "reserved", "scheduled")]
        # Some are with the process, which counts as begun; the others wait behind them.
        fleet.wait_for(lambda: held()[0] >= 1 and held()[1] >= 1 and held()[0] + held()[1] == 5 and held()[2] == 1)
        seen = self.numbers()
        for of, least in (("workers", 1 << 20), ("supervisor", 1 << 20), ("machine", 1 << 28), ("free", 1)):
            self.assertGreaterEqual(seen[f'gpen_memory_bytes{{of="{of}"}}'], least, of)
        self.assertEqual(0, seen["gpen_worker_deaths_total"])
        go_on()
        os.kill(worker.children()[0], 9)
        fleet.wait_for(lambda: self.numbers()["gpen_worker_deaths_total"] == 1)
        for one in sent:
            one.get(timeout=120)
        self.app.control.revoke(later.id)
        fleet.wait_for(lambda: held() == [0, 0, 0])

    def test_ready_and_alive(self):
        worker = self.watched()
        self.assertEqual((200, '{"ready":true,"detail":"photos are taken from the queue"}'), self.ask("/readyz")[:2])
        self.assertEqual("pong\n", self.gpen("worker", "--ping", "--metrics", f"127.0.0.1:{self.port}").out)
        self.assertEqual("pong\n", self.gpen("worker", "--ping", "--metrics", str(self.port),
                                             http_proxy="http://127.0.0.1:1").out)
        self.redis.stop()
        fleet.wait_for(lambda: self.ask("/readyz")[0] == 503)
        self.assertIn("the broker is away", self.ask("/readyz")[1])
        self.assertEqual((200, 0), (self.ask("/healthz")[0], self.numbers()["gpen_worker_broker_up"]))
        self.assertIn("503", self.gpen("worker", "--ping", "--metrics", str(self.port), expect=3).err)
        self.redis.start()
        fleet.wait_for(lambda: self.ask("/readyz")[0] == 200)
        self.app.control.cancel_consumer("gpen")
        fleet.wait_for(lambda: "nothing" in self.ask("/readyz")[1])
        worker.kill(15)
        self.assertIn("connect", self.gpen("worker", "--ping", "--metrics", str(self.port), expect=3).err)

    def test_other_questions(self):
        worker = self.watched()
        for path, method, status in [("/", "GET", 404), ("/metricsx", "GET", 404), ("/metrics/", "GET", 404),
                                     ("/metrics", "POST", 405), ("/healthz", "DELETE", 405), ("/metrics", "HEAD", 200),
                                     ("/metrics?a=b", "GET", 200), ("/" + "x" * 100000, "GET", 414)]:
            with self.subTest(path[:20]):
                self.assertEqual(status, self.ask(path, method, "body" if method == "POST" else None)[0])
        self.assertEqual("", self.ask("/metrics", "HEAD")[1])
        # Some who say nothing, and some who talk nonsense, keep nobody out; the text stays whole under many.
        idle = [socket.create_connection(("127.0.0.1", self.port), source_address=("127.0.0.2", 0)) for _ in range(200)]
        for nonsense in (b"\x16\x03\x01\x02\x00", b"GET /metrics HTTP/9.9\r\n\r\n", b"GET " + b"a" * 40000):
            with socket.create_connection(("127.0.0.1", self.port)) as other:
                with contextlib.suppress(OSError):
                    other.sendall(nonsense)
        whole = []
        threads = [threading.Thread(target=lambda: whole.append(self.ask("/metrics")[1])) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for one in idle:
            one.close()
        self.assertEqual(16, len(whole))
        self.assertEqual({"gpen_build_info"}, {text.splitlines()[-1].split("{")[0] for text in whole})
        self.assertIsNone(worker.process.poll(), worker.text())

    def test_only_this_machine_unless_told_otherwise(self):
        worker = self.worker("--metrics", "0", ready=False)
        port = int(fleet.wait_for(lambda: re.search(r"numbers: port (\d+)", worker.text())).group(1))
        listening = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True, check=False)
        if listening.returncode:
            self.skipTest("no ss")
        self.assertIn(f"127.0.0.1:{port}", listening.stdout)

    def test_an_address_that_cannot_be(self):
        base = ["worker", "--broker", f"redis://127.0.0.1:{self.redis.port}/0", "--metrics"]
        for where in ("nowhere", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:-1", "x" * 300 + ":1", "192.0.2.1:7861"):
            with self.subTest(where[:20]):
                self.assertIn("gpen", self.gpen(*base, where, expect=2).err)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.assertIn("in use", self.gpen(*base, str(taken.getsockname()[1]), expect=3).err)

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_prometheus_own_tool_finds_nothing_amiss(self):
        self.watched()
        self.photo()
        self.send("a.png", "b.png").get(timeout=30)
        done = subprocess.run(["promtool", "check", "metrics"], input=self.ask("/metrics")[1], capture_output=True,
                              text=True, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stdout + done.stderr))


if __name__ == "__main__":
    fleet.main()

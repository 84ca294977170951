"""Tasks from end to end, sent by Celery's own client: results, progress, reasons, inputs and outputs of every kind."""
import base64
import http.server
import os
import socket
import threading
import time

import fleet
import support
from celery import exceptions
from celery.result import AsyncResult


class Pictures(http.server.BaseHTTPRequestHandler):
    """Serves one picture, and takes what is put. Counts who asks for what is out of order, and gives way after some times."""
    picture, taken, asked, give_way = b"", {}, {}, 1000

    def out_of_order(self, code):
        """What begins with /5xx answers so until it was asked often enough."""
        times = self.asked[self.path] = self.asked.get(self.path, 0) + 1
        if times > self.give_way:
            return False
        self.send_response(code)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return True

    def do_GET(self):
        kind, _, rest = self.path.lstrip("/").partition("/")
        if kind.isdigit():
            if self.out_of_order(int(kind)):
                return
            kind = rest
        if kind == "to":  # leads elsewhere
            self.send_response(302)
            self.send_header("Location", "http://" + rest)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200 if kind == "a.png" or kind == "large" else 404)
        body = self.picture if kind == "a.png" else b"\0" * (3 << 20)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.path.split("/")[1]
        if kind.isdigit() and self.out_of_order(int(kind)):
            return
        self.taken[self.path] = (self.headers["Content-Type"], body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Tasks(fleet.FleetTest):
    def serve(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        Pictures.picture, Pictures.taken = support.marked_photo(160, 160, [("large", 2, 2)]), {}
        Pictures.asked, Pictures.give_way = {}, 1000
        return f"http://127.0.0.1:{server.server_port}"

    def fails(self, reason, words, *arguments, **options):
        """A task that raises our reason, with these words in what it says."""
        sent = self.send(*arguments, **options)
        with self.assertRaises(Exception) as caught:
            sent.get(timeout=30)
        self.assertEqual("GpenError", type(caught.exception).__name__, caught.exception)
        self.assertEqual(reason, caught.exception.args[0], caught.exception)
        self.assertIn(words, caught.exception.args[1])
        self.assertEqual("FAILURE", self.state(sent))

    def test_a_photo_is_restored_and_its_result_returned(self):
        self.worker()
        self.photo("in/a.png", marks=[("large", 2, 2), ("small", 4, 3)])
        result = self.send("in/a.png", "out/b.png", {"strength": 100, "likeness": False}).get(timeout=30)
        self.assertEqual((160, 160), (result["width"], result["height"]))
        self.assertEqual(2, result["restored"])
        self.assertEqual(["restored", "restored"], [face["state"] for face in result["faces"]])
        self.assertEqual("out/b.png", result["output"])
        self.assertEqual(100, result["settings"]["strength"])
        self.assertEqual("gpen-mini", result["model"])
        self.assertGreater(result["seconds"]["total"], 0)
        self.assertEqual((160, 160), support.read_png(self.photos / "out/b.png")[:2])
        self.assertEqual((self.photos / "out/b.png").stat().st_size, result["bytes"])
        self.assert_empty()

    def test_faces_are_found(self):
        self.worker()
        self.photo("a.png", marks=[("large", 2, 2), ("doubtful", 4, 4)])
        result = self.send("a.png", task="gpen.detect").get(timeout=30)
        self.assertEqual(1, len(result["faces"]))
        box, _ = support.face_at("large", 2, 2)
        for expected, found in zip(box, result["faces"][0]["box"]):
            self.assertAlmostEqual(expected, found, delta=2)
        self.assertNotIn("output", result)
        self.assertEqual(["a.png"], self.files("photos"))

    def test_started_and_progress_are_seen(self):
        worker = self.worker()
        self.photo("a.png", marks=[("large", 2, 2), ("large", 7, 2)], width=300)
        go_on = worker.pause()
        sent = self.send("a.png", "b.png")
        fleet.wait_for(lambda: self.state(sent) == "STARTED")
        meta = sent.backend.get_task_meta(sent.id, cache=False)["result"]
        self.assertEqual("w1@test", meta["hostname"])
        self.assertEqual(worker.children(), [meta["pid"]])
        seen = []
        go_on()
        sent.get(timeout=30, on_message=seen.append)
        steps = [message["result"] for message in seen if message["status"] == "PROGRESS"]
        self.assertTrue(steps, seen)
        for step in steps:
            self.assertIn(step["stage"], ("waiting", "decode", "detect", "restore", "paste", "encode", "save"))
            self.assertEqual("w1@test", step["worker"])
            self.assertLessEqual(step["faces_done"], 2)
        self.assertEqual("SUCCESS", self.state(sent))

    def test_reasons_are_raised(self):
        self.worker()
        self.photo()
        (self.photos / "text.png").write_text("no picture")
        (self.photos / "cut.png").write_bytes(support.png_bytes(64, 64)[:-100])
        (self.photos / "link.png").symlink_to("/etc/passwd")
        (self.photos / "way").symlink_to("/etc")
        os.mkfifo(self.photos / "pipe.png")
        secret = self.root / "secret.png"
        support.write_png(secret)
        for reason, words, *arguments in [
                ("input_missing", "none.png", "none.png"),
                ("unsupported_format", "text.png", "text.png"),
                ("unreadable", "cut.png", "cut.png"),
                ("input_missing", "links are not followed", "link.png"),
                ("input_missing", "links are not followed", "way/passwd"),
                ("input_missing", "no file", "pipe.png"),
                ("bad_argument", "--root", str(secret)),
                ("bad_argument", "'..'", "x/../../secret.png"),
                ("bad_argument", "'..'", ".."),
                ("bad_argument", "no file's name", "a/"),
                ("bad_argument", "--root", str(self.photos) + "x/a.png"),
                ("bad_argument", "output", "a.png", 3),
                ("bad_argument", "input", None),
                ("bad_argument", "input", {"path": "a.png", "url": "http://x/"}),
                ("bad_argument", "JPEG, PNG", "a.png", "b.bmp"),
                ("bad_argument", "ending", "a.png", "b.png", {"format": "jpeg"}),
                ("bad_argument", "strenght", "a.png", "b.png", {"strenght": 1}),
                ("bad_argument", "strength", "a.png", "b.png", {"strength": 500}),
                ("bad_argument", "base64", {"base64": "????"}),
                ("exists", "a.png", "a.png", "a.png"),
                ("fetch_refused", "private network", "http://127.0.0.1:1/a.png"),
                ("fetch_refused", "private network", "http://[::1]/a.png"),
                ("fetch_refused", "private network", "http://169.254.169.254/latest/meta-data"),
                ("fetch_refused", "private network", "http://0x7f000001/a.png")]:
            with self.subTest(arguments):
                self.fails(reason, words, *arguments)
        with self.assertRaises(exceptions.NotRegistered):
            self.send(task="gpen.paint").get(timeout=30)
        self.fails("bad_argument", "'colour'", kwargs={"input": "a.png", "colour": 1})
        self.photo("empty.png", marks=())
        self.fails("no_face", "no face", "empty.png", None, {"require_face": True})
        self.assert_empty()

    def test_a_picture_inside_the_task_and_the_answer(self):
        self.worker(inline_limit=1)
        picture = support.marked_photo(160, 160, [("large", 2, 2)])
        result = self.send({"base64": base64.b64encode(picture).decode()}).get(timeout=30)
        self.assertEqual("image/png", result["output"]["type"])
        (self.root / "back.png").write_bytes(base64.b64decode(result["output"]["base64"]))
        self.assertEqual((160, 160), support.read_png(self.root / "back.png")[:2])
        self.assertEqual(result["bytes"], (self.root / "back.png").stat().st_size)
        result = self.send({"base64": base64.b64encode(picture).decode()}, None, {"format": "jpeg"}).get(timeout=30)
        self.assertEqual(b"\xff\xd8", base64.b64decode(result["output"]["base64"])[:2])
        self.fails("too_large", "MiB", {"base64": "A" * (1500 << 10)})

    def test_a_picture_by_address(self):
        self.worker("--allow-private", fetch_limit=2)
        base = self.serve()
        result = self.send(f"{base}/a.png", f"{base}/put/b.png?signature=secret").get(timeout=30)
        self.assertEqual(f"{base}/put/b.png", result["output"])
        kind, body = Pictures.taken["/put/b.png?signature=secret"]
        self.assertEqual(("image/png", result["bytes"]), (kind, len(body)))
        self.assertEqual(1, self.send(f"{base}/to/{base[7:]}/a.png", "c.png").get(timeout=30)["restored"])
        self.fails("too_large", "MiB", f"{base}/large", "d.png")
        self.assertNotIn("secret", self.workers[0].text())

    def test_what_may_pass_on_the_network_is_tried_again(self):
        """Twice at most, later each time: a server out of order, one that is not there."""
        self.worker("--allow-private")
        base = self.serve()
        self.photo()
        Pictures.give_way = 1
        sent = self.send(f"{base}/503/a.png", "b.png")
        fleet.wait_for(lambda: self.state(sent) == "RETRY")
        self.assertEqual(1, sent.get(timeout=30)["restored"])
        self.assertEqual({"/503/a.png": 2}, Pictures.asked)
        self.assertEqual(1, self.send("a.png", f"{base}/500/b.png").get(timeout=30)["restored"])
        self.assertIn("/500/b.png", Pictures.taken)
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            away = self.send(f"http://127.0.0.1:{nobody.getsockname()[1]}/a.png", "c.png")
            Pictures.give_way = 1000
            begun = time.monotonic()
            self.fails("fetch_failed", "503", f"{base}/503/never.png", "d.png")
            self.assertGreaterEqual(time.monotonic() - begun, 5)  # one second, then four
            self.assertEqual(3, Pictures.asked["/503/never.png"])
            with self.assertRaises(Exception) as caught:
                away.get(timeout=30)
            self.assertEqual("fetch_failed", caught.exception.args[0])
        self.assertEqual(1 + 1 + 2 + 2, self.workers[0].text().count("RETRY"))
        self.assert_empty()

    def test_what_stays_so_is_asked_for_once(self):
        self.worker("--allow-private")
        base = self.serve()
        self.photo()
        for code in (404, 403, 410):
            self.fails("input_missing", str(code), f"{base}/{code}/a.png", "b.png")
        self.fails("write_failed", "403", "a.png", f"{base}/403/b.png")
        self.assertEqual([1] * 4, list(Pictures.asked.values()))
        self.assertNotIn("RETRY", self.workers[0].text())

    def test_no_address_leads_to_this_machine(self):
        self.worker()
        base = self.serve()
        self.fails("fetch_refused", "private network", f"{base}/a.png", "b.png")
        self.photo()
        self.fails("fetch_refused", "private network", "a.png", f"{base}/put/b.png")
        self.assertEqual({}, Pictures.taken)

    def test_a_key_is_done_once(self):
        self.worker()
        self.photo()
        first = self.send("a.png", "b.png", None, "order-7").get(timeout=30)
        stamp = (self.photos / "b.png").stat().st_mtime_ns
        second = self.send("a.png", "b.png", None, "order-7").get(timeout=30)
        self.assertEqual(first, second)
        self.assertEqual(stamp, (self.photos / "b.png").stat().st_mtime_ns)
        self.fails("exists", "b.png", "a.png", "b.png", None, "order-8")
        self.assertEqual(1, self.send("a.png", "b.png", None, "order-8", True).get(timeout=30)["restored"])

    def test_nothing_is_stored_where_nobody_asked(self):
        self.worker()
        self.photo()
        sent = self.send("a.png", "b.png", ignore_result=True)
        fleet.wait_for((self.photos / "b.png").exists)
        self.assert_empty()
        self.assertEqual("PENDING", self.state(AsyncResult(sent.id, app=self.app)))

    def test_results_go_when_their_time_is_over(self):
        self.worker(keep_results=1)
        self.photo()
        sent = self.send("a.png", "b.png")
        sent.get(timeout=30)
        key = f"celery-task-meta-{sent.id}"
        fleet.wait_for(lambda: not self.client().exists(key))
        self.assertEqual([], [name for name in self.client().keys("gpen-*")])


class Crashes(fleet.FleetTest):
    def begin(self, worker, **options):
        """A task that a worker process, which is stopped then, has begun."""
        self.slow_photo()
        sent = self.send("slow.png", "b.png", **options)
        self.catch_at_work(sent, worker)
        return sent

    def test_a_dead_worker_process_costs_a_retry(self):
        worker = self.worker()
        sent = self.begin(worker)
        os.kill(worker.children()[0], 9)
        fleet.wait_for(lambda: self.state(sent) == "RETRY")
        self.assertIn("SIGKILL", str(sent.backend.get_task_meta(sent.id, cache=False)["result"]))
        self.assertEqual(5000, sent.get(timeout=60)["width"])
        self.assert_empty()

    def test_a_photo_that_always_kills_is_given_up(self):
        worker = self.worker()
        sent = self.begin(worker)
        os.kill(worker.children()[0], 9)
        fleet.wait_for(lambda: self.state(sent) == "RETRY")
        self.catch_at_work(sent, worker)
        os.kill(worker.children()[0], 9)
        with self.assertRaises(Exception) as caught:
            sent.get(timeout=60)
        self.assertEqual("given_up", caught.exception.args[0])
        self.assertEqual(["slow.png"], self.files("photos"))
        self.photo("c.png")
        self.assertEqual(1, self.send("c.png", "d.png").get(timeout=30)["restored"])

    def test_time_limits_of_the_sender(self):
        worker = self.worker()
        for name, options in [("TimeLimitExceeded", {"time_limit": 8}),
                              ("SoftTimeLimitExceeded", {"time_limit": 60, "soft_time_limit": 8})]:
            sent = self.begin(worker, **options)
            with self.assertRaises(Exception) as caught:
                sent.get(timeout=30)
            self.assertEqual(name, type(caught.exception).__name__)


if __name__ == "__main__":
    fleet.main()

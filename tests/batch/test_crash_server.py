"""Crashes told to a server as Sentry's: once, nothing private, and never in the way of work.

    test_crash_server.py SEND_CRASH FAKE_WORKER
"""
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

SEND_CRASH, FAKE_WORKER = sys.argv[1:3]
KEY = "0123456789abcdef0123456789abcdef"


class Server(http.server.ThreadingHTTPServer):
    """Answers each request with `code`; 0: never."""
    daemon_threads = True

    def __init__(self, code):
        super().__init__(("127.0.0.1", 0), Handler)
        self.code, self.requests, self.done = code, [], threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), body))
        if not self.server.code:
            self.server.done.wait()
            return
        self.send_response(self.server.code)
        if self.server.code == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST

    def log_message(self, *arguments):
        pass


class Crashes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "a private place"
        self.folder.mkdir()

    def serve(self, code):
        server = Server(code)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.addCleanup(server.done.set)
        return server

    def send(self, server, count=1, dsn=None, **more):
        """Runs send_crash; its log, as objects."""
        if dsn is None:
            dsn = f"http://{KEY}@127.0.0.1:{server.server_port}/below/42"
        log = self.folder / "log"
        environment = {**os.environ, "GPEN_SENTRY_DSN": dsn, "GPEN_LOG": "info", "GPEN_LOG_FILE": str(log),
                       "no_proxy": "127.0.0.1", **more}
        photos = self.folder / f"photos{len(list(self.folder.iterdir()))}"
        photos.mkdir()
        run = subprocess.run([SEND_CRASH, FAKE_WORKER, photos, str(count)], env=environment, capture_output=True,
                             text=True, timeout=100)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stdout, f"{count + 2} ended, {count + 1} died\n")
        text = log.read_text()
        self.assertNotIn(KEY, text)
        return [json.loads(line) for line in text.splitlines()]

    @staticmethod
    def events(log, event):
        return [line for line in log if line["event"] == event]

    def test_a_crash_is_told_once_and_says_nothing_private(self):
        server = self.serve(200)
        log = self.send(server)
        self.assertEqual(len(server.requests), 2)  # the crash, and the worker that ended by itself
        path, headers, body = server.requests[0]
        self.assertEqual(path, "/below/api/42/envelope/")
        self.assertEqual(headers["Content-Type"], "application/x-sentry-envelope")
        self.assertIn(f"sentry_key={KEY}", headers["X-Sentry-Auth"])
        self.assertTrue(headers["X-Sentry-Auth"].startswith("Sentry sentry_version=7, "))
        head, item, payload = body.split(b"\n", 2)
        head, item = json.loads(head), json.loads(item)
        self.assertEqual(item, {"type": "event", "length": len(payload) - 1})
        event = json.loads(payload)
        self.assertEqual(event["event_id"], head["event_id"])
        self.assertRegex(event["event_id"], "^[0-9a-f]{32}$")
        self.assertEqual(event["level"], "fatal")
        exception = event["exception"]["values"][0]
        self.assertEqual(exception["type"], "SIGSEGV")
        self.assertEqual(exception["value"], "crashed in decode")
        self.assertEqual(event["tags"]["stage"], "decode")
        for frame in exception.get("stacktrace", {"frames": []})["frames"]:
            self.assertNotIn("/", frame["package"])
        for private in (b"private", b"photos", b"crash0", str(self.folder).encode(), os.uname().nodename.encode() + b'"'):
            self.assertNotIn(private, body)
        self.assertNotIn("SIGSEGV", server.requests[1][2].decode())
        ids = [json.loads(request[2].split(b"\n")[0])["event_id"] for request in server.requests]
        self.assertEqual(len(set(ids)), 2)
        self.assertEqual(sorted(line["event_id"] for line in self.events(log, "crash_sent")), sorted(ids))

    def test_what_the_server_refuses_is_not_sent_again(self):
        for code in (400, 500, 302):
            with self.subTest(code=code):
                server = self.serve(code)
                log = self.send(server)
                self.assertEqual(len(server.requests), 2)
                self.assertTrue(all(request[0].endswith("/envelope/") for request in server.requests))
                self.assertIn(f"answers {code}", self.events(log, "crash_not_sent")[-1]["message"])

    def test_a_server_that_has_enough_is_left_alone(self):
        server = self.serve(429)
        log = self.send(server, count=3)
        self.assertEqual(len(server.requests), 1)
        self.assertEqual(len(self.events(log, "crash_not_sent")), 4)

    def test_a_server_that_never_answers_keeps_nobody(self):
        server = self.serve(0)
        log = self.send(server, count=2)
        self.assertEqual(len(server.requests), 1)
        self.assertEqual(len(self.events(log, "crash_not_sent")), 3)

    def test_no_server_is_there(self):
        server = self.serve(200)
        port = server.server_port
        server.shutdown()
        server.server_close()
        log = self.send(server, dsn=f"http://{KEY}@127.0.0.1:{port}/1")
        self.assertEqual(len(self.events(log, "crash_not_sent")), 2)

    def test_the_address_may_stand_in_a_file(self):
        server = self.serve(200)
        secret = self.folder / "dsn"
        secret.write_text(f"http://{KEY}@127.0.0.1:{server.server_port}/42\n")
        self.send(server, dsn="", GPEN_SENTRY_DSN_FILE=str(secret))
        self.assertEqual([request[0] for request in server.requests], ["/api/42/envelope/"] * 2)

    def test_nothing_is_sent_unless_it_is_configured(self):
        server = self.serve(200)
        log = self.send(server, dsn="")
        self.assertEqual(server.requests, [])
        self.assertEqual(self.events(log, "crash_not_sent"), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

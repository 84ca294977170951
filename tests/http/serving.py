"""What the tests of the server share: a server with a folder of its own, requests to it, and multipart forms.

Only Python's own library is used. A test file is run as `python3 test_NAME.py PROGRAM`.
"""
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
import support  # noqa: E402  (the tests of the command line have the pictures and the reporting)

ROOT = Path(__file__).resolve().parent.parent.parent
PHOTO = ROOT / "assets" / "example" / "photo-degraded.jpg"
API = "/api/v1"


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """A running `gpen serve`."""

    def __init__(self, root, *options, environment=None, base=""):
        self.root, self.options, self.base = Path(root), options, base
        self.environment = dict(os.environ, GPEN_HOME=str(self.root / "home"), LC_ALL="C.UTF-8")
        self.environment.update(environment or {})
        self.environment.setdefault("GPEN_LOG_FILE", str(self.root / "log"))
        self.start()

    def start(self, port=0):
        self.process = subprocess.Popen(
            [support.PROGRAM, "serve", "--port", str(port), "--data", str(self.root / "data"), *self.options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.environment)
        line = self.process.stdout.readline()
        found = re.search(r"http://.*:(\d+)/", line)
        if not found:
            raise AssertionError(line + self.process.stdout.read())
        self.port = int(found.group(1))

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.said, _ = self.process.communicate(timeout=60)
        finally:
            if self.process.poll() is None:
                self.process.kill()
        return self.process.returncode

    def request(self, method, path, body=None, headers=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            headers = dict(headers or {})
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
                headers.setdefault("Content-Type", "application/json")
            connection.request(method, self.base + path, body=body, headers=headers)
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    def api(self, method, path, body=None, **more):
        return self.request(method, API + path, body, **more)

    def upload(self, photos, settings=None, name=None, path="/batches", **more):
        kind, body = form(photos, settings, name)
        return self.api("POST", path, body, headers={"Content-Type": kind}, **more)

    def raw(self, data, timeout=4):
        """Sends bytes, and returns all that comes until the server closes or says nothing any more."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as line:
            line.sendall(data)
            answer = b""
            try:
                while part := line.recv(65536):
                    answer += part
            except (TimeoutError, ConnectionResetError):
                pass
            return answer

    def wait(self, batch, states=("done", "cancelled"), seconds=90):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.api("GET", f"/batches/{batch}").json
            if found["state"] in states:
                return found
            time.sleep(0.05)
        raise AssertionError(f"batch {batch} is still {found}")

    def items(self, batch):
        return self.api("GET", f"/batches/{batch}/items?limit=1000").json["items"]

    def left_over(self):
        """What there is of uploads on the disk."""
        return sorted(path.name for path in (self.root / "data" / "uploads").iterdir())


def part(name, data, filename=None, kind=None):
    head = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    head += f"\r\nContent-Type: {kind}" if kind else ""
    return head.encode() + b"\r\n\r\n" + data + b"\r\n"


def form(photos, settings=None, name=None, field="photo"):
    """A multipart form: its content type and its bytes. photos: (name, bytes) each."""
    mark = secrets.token_hex(16)
    parts = []
    if settings is not None:
        text = settings if isinstance(settings, bytes) else json.dumps(settings).encode()
        parts.append(part("settings", text, "blob", "application/json"))
    if name is not None:
        parts.append(part("name", name.encode()))
    parts += [part(field, data, filename, "application/octet-stream") for filename, data in photos]
    body = b"".join(f"--{mark}\r\n".encode() + one for one in parts) + f"--{mark}--\r\n".encode()
    return f"multipart/form-data; boundary={mark}", body


class Case(unittest.TestCase):
    """A case with one server for all of its tests."""
    options, environment, base = (), None, ""

    @classmethod
    def setUpClass(cls):
        cls.root = Path(tempfile.mkdtemp(prefix="gpen-http-"))
        cls.server = Server(cls.root, *cls.options, environment=cls.environment, base=cls.base)

    @classmethod
    def tearDownClass(cls):
        status = cls.server.stop()
        shutil.rmtree(cls.root, ignore_errors=True)
        if status not in (0, 128 + signal.SIGTERM):
            raise AssertionError(f"the server ended with {status}: {cls.server.said}")


main = support.main

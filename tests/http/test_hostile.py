"""What strangers send: each attack of docs/SECURITY.md against a live server, which must refuse it and go on."""
import json
import os
import random
import re
import socket
import time

import serving
from serving import API, PHOTO, Case, form, support


def head(method="GET", path="/healthz", *headers, host="localhost"):
    lines = [f"{method} {path} HTTP/1.1", *([f"Host: {host}"] if host else []), *headers, "", ""]
    return "\r\n".join(lines).encode()


def status(answer):
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else None


class Frames(Case):
    options = ("--slow-seconds", "2", "--max-upload", "1", "--max-photos", "5")

    def tearDown(self):
        self.assertEqual(200, self.server.request("GET", "/healthz").status)
        self.assertIsNone(self.server.process.poll())

    def assertNothingLeft(self):
        for _ in range(300):
            if not self.server.left_over():
                return
            time.sleep(0.1)
        self.assertEqual([], self.server.left_over())

    def assertRefused(self, data, *expected):
        answer = self.server.raw(data)
        self.assertIn(status(answer), expected or (400,), answer[:200])
        return answer

    def test_a_body_whose_end_is_said_twice(self):
        smuggled = head("GET", API + "/system")
        for lengths in (("Content-Length: 5", "Transfer-Encoding: chunked"), ("Content-Length: 5", "Content-Length: 5"),
                        ("Content-Length: 5", "Content-Length: 60"), ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
                        ("Content-Length: +5",), ("Content-Length: 5, 5",), ("Content-Length: -5",), ("Content-Length: 0x5",),
                        ("Transfer-Encoding: gzip, chunked",), ("Content-Length: 99999999999999999999999",)):
            answer = self.server.raw(head("POST", "/login", "Content-Type: application/json", *lengths) + b"0\r\n\r\n" + smuggled)
            self.assertIn(status(answer), (400, 413), (lengths, answer[:200]))
            self.assertNotIn(b'"cores"', answer, lengths)

    def test_other_peoples_names_and_pages(self):
        self.assertRefused(head(host=None))
        self.assertRefused(head(host="localhost") .replace(b"Host: localhost\r\n", b"Host: localhost\r\nHost: evil.example\r\n"))
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "127.1.2.3.4", "[::1"):
            self.assertRefused(head(path=API + "/system", host=host), 400, 403)
        for host in ("localhost", "127.0.0.1:7860", "[::1]:99", "LOCALHOST."):
            answer = self.server.raw(head("GET", "/healthz", "Connection: close", host=host))
            self.assertEqual(200, status(answer), (host, answer))
        for origin in ("http://evil.example", "null", "http://localhost:1", "file://"):
            self.assertRefused(head("POST", API + "/batches/1/cancel", f"Origin: {origin}", "Content-Length: 0"), 403)
        self.assertRefused(head("POST", API + "/batches/1/cancel", "Sec-Fetch-Site: cross-site", "Content-Length: 0"), 403)
        self.assertRefused(head("GET", API + "/system", "Sec-Fetch-Site: same-site"), 403)
        own = self.server.raw(head("POST", API + "/batches/1/cancel", "Origin: http://localhost", "Content-Length: 0", "Connection: close"))
        self.assertEqual(404, status(own))

    def test_paths_that_lead_elsewhere(self):
        for path in ("/assets/../openapi.json", "/assets/..%2f..%2fetc/passwd", "/assets/%2e%2e/%2e%2e/etc/passwd", "/../etc/passwd",
                     "/assets/%00", "/assets/a%5c..%5cb", "/assets//etc/passwd", "/%ff", "/assets/%", "//healthz", API + "/items/1%2f..",
                     API + "/items/0", API + "/items/-1", API + "/items/+1", API + "/items/01", API + "/items/1e3", API + "/items/" + "9" * 40,
                     API + "/presets/" + "x" * 300, "/" + "a/" * 500):
            for method in ("GET", "DELETE"):
                answer = self.server.raw(head(method, path, "Connection: close"))
                self.assertIn(status(answer), (400, 404, 405, 414), (path, answer[:200]))
                self.assertNotIn(b"root:", answer)

    def test_values_beyond_their_bounds(self):
        for query in ("limit=0", "limit=1001", "limit=-1", "limit=1e2", "limit=%31", "before=0", "limit=99999999999999999999", "limit="):
            self.assertEqual(422, self.server.api("GET", "/batches?" + query).status, query)
        self.assertEqual(422, self.server.api("GET", "/batches/1/items?state=lost").status)
        for body in (b"", b"{", b"[]", b"null", b'{"token":1', b'{"a":1,"a":2}', b"[" * 100000, b'"' + b"x" * 5000 + b'"', b"\xff\xfe",
                     b'{"token":"\\u0000"}'):
            answer = self.server.request("POST", "/login", body, headers={"Content-Type": "application/json"})
            self.assertIn(answer.status, (400, 422), body[:40])
            self.assertEqual("application/problem+json", answer.headers["Content-Type"])
        self.assertEqual(415, self.server.request("POST", "/login", b"token=a", headers={"Content-Type": "text/plain"}).status)
        self.assertEqual(413, self.server.request("PUT", API + "/system", b" " * (1 << 21), headers={"Content-Type": "application/json"}).status)
        for settings in ({"strength": 101}, {"nonsense": 1}, {"mode": "loud"}, {"face_strength": {"x": 1}}, b"{", b"[]", {"preset": "none"},
                         {"extra_faces": [[9, 0, 0, 9]]}, {"extra_faces": [[0, 0, 9]]}):
            answer = self.server.upload([("a.png", support.png_bytes(64, 64))], settings)
            self.assertEqual(422, answer.status, settings)
        self.assertEqual([], self.server.left_over())

    def test_heads_without_end(self):
        self.assertIn(status(self.server.raw(head("GET", "/healthz", "X-Long: " + "x" * 200000))), (400, 413, 431, 494, None))
        self.assertIn(status(self.server.raw(head("GET", "/" + "x" * 200000))), (400, 413, 414, 431, None))
        self.assertIn(status(self.server.raw(head("GET", "/healthz", *[f"X-{n}: {n}" for n in range(20000)]))), (400, 413, 431, None))

    def test_an_upload_cut_at_any_byte_leaves_nothing(self):
        kind, body = form([("a.png", support.png_bytes(64, 64)), ("b.png", b"x" * 300)], {"strength": 5}, "name")
        start = head("POST", API + "/batches", f"Content-Type: {kind}", f"Content-Length: {len(body)}")
        before = self.server.api("GET", "/batches").json["batches"]
        cuts = sorted({*range(0, 700, 13), *range(700, len(body), 997), *range(len(body) - 80, len(body))} - {len(body)})
        for cut in cuts:
            with socket.create_connection(("127.0.0.1", self.server.port)) as line:
                line.sendall(start + body[:cut])
                if cut % 2:
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.assertNothingLeft()
        self.assertEqual(before, self.server.api("GET", "/batches").json["batches"])

    def test_forms_that_are_none(self):
        whole = form([("a.png", b"x")])[1]
        mark = whole.split(b"\r\n")[0]
        for kind, body in (("multipart/form-data", whole), ("multipart/form-data; boundary=", whole), ("multipart/form-data; boundary=other", whole),
                           (f"multipart/form-data; boundary={mark[2:].decode()}", mark + b"--\r\n"),
                           (f"multipart/form-data; boundary={mark[2:].decode()}", whole.replace(b'name="photo"', b'name="else"')),
                           (f"multipart/form-data; boundary={mark[2:].decode()}", whole.replace(b'name="photo"; ', b"")),
                           (f"multipart/form-data; boundary={mark[2:].decode()}", whole.replace(b'; name="photo"; filename="a.png"', b"")),
                           (f"multipart/form-data; boundary={mark[2:].decode()}", whole.replace(b'filename="a.png"', b"")),
                           (f"multipart/form-data; boundary={mark[2:].decode()}", b"\r\n" * 50000),
                           (f"multipart/form-data; boundary={mark[2:].decode()}", mark + b"\r\n" + b"X: " + b"y" * 100000 + b"\r\n\r\n")):
            try:
                answer = self.server.api("POST", "/batches", body, headers={"Content-Type": kind})
                self.assertIn(answer.status, (400, 415, 422), (kind, body[:60]))
            except (ConnectionError, serving.http.client.HTTPException):
                pass
        self.assertEqual([], self.server.left_over())

    def test_limits_of_size_and_count(self):
        small = support.png_bytes(64, 64)
        answer = self.server.upload([("big.png", small + b"x" * (1 << 20)), ("small.png", small)])
        self.assertEqual(201, answer.status, answer.body)
        self.server.wait(answer.json["id"])
        big, other = self.server.items(answer.json["id"])
        self.assertEqual(("failed", "too_large", "done"), (big["state"], big["reason"], other["state"]))
        self.assertEqual(413, self.server.upload([(f"{n}.png", small) for n in range(6)]).status)
        self.server.api("DELETE", f"/batches/{answer.json['id']}")
        self.assertEqual([], self.server.left_over())

    def test_names_and_contents_meant_for_other_programs(self):
        page = b"<html><script>alert(1)</script></html>"
        names = ["../../../etc/cron.d/x", "C:\\windows\\a.png", "<img src=x onerror=alert(1)>.png", "a\tb.png", "..", ".htaccess", "祖母/一.png",
                 "n" * 400 + ".png", "\u202egnp.exe"]
        for some in (names[:5], names[5:]):
            batch = self.server.upload([(name, page) for name in some]).json["id"]
            self.server.wait(batch)
            for item in self.server.items(batch):
                self.assertFalse(item["name"].startswith("/") or ".." in item["name"].split("/"), item["name"])
                self.assertFalse(any(ord(character) < 32 for character in item["name"]))
                for part in item["name"].split("/"):
                    self.assertLessEqual(len(part.encode()), 200)
                shown = self.server.api("GET", f"/items/{item['id']}/input")
                self.assertEqual(("application/octet-stream", "nosniff", page),
                                 (shown.headers["Content-Type"], shown.headers["X-Content-Type-Options"], shown.body))
                self.assertIn("script-src 'self'", shown.headers["Content-Security-Policy"])
            self.assertEqual(204, self.server.api("DELETE", f"/batches/{batch}").status)
        self.assertEqual([], self.server.left_over())

    def test_ranges(self):
        photo = support.png_bytes(64, 64)
        batch = self.server.upload([("a.png", photo)]).json["id"]
        path = f"/items/{self.server.items(batch)[0]['id']}/input"
        whole = self.server.api("GET", path)
        tag, size = whole.headers["ETag"], len(photo)
        self.assertEqual(304, self.server.api("GET", path, headers={"If-None-Match": tag}).status)
        for asked, expected in (("bytes=0-0", photo[:1]), ("bytes=5-", photo[5:]), ("bytes=-7", photo[-7:]), (f"bytes=2-{10**30}", None),
                                (f"bytes=3-{10**17}", photo[3:]), (f"bytes=-{10**17}", photo)):
            answer = self.server.api("GET", path, headers={"Range": asked})
            self.assertEqual((206, expected) if expected else (200, photo), (answer.status, answer.body), asked)
        for asked in ("bytes=5-2", "bytes=a-b", "bytes=0-1,5-6", "lines=1-2", "bytes=", "bytes=--5", "bytes=0x1-2"):
            self.assertEqual(200, self.server.api("GET", path, headers={"Range": asked}).status, asked)
        for asked in (f"bytes={size}-", "bytes=-0", f"bytes={10**17}-"):
            answer = self.server.api("GET", path, headers={"Range": asked})
            self.assertEqual((416, f"bytes */{size}"), (answer.status, answer.headers["Content-Range"]), asked)
        self.assertEqual(200, self.server.api("GET", path, headers={"Range": "bytes=0-0", "If-Range": '"old"'}).status)
        self.assertEqual(b"", self.server.api("HEAD", path).body)
        self.server.api("DELETE", f"/batches/{batch}")

    def test_clients_that_take_their_time(self):
        def drips(data, start):
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as line:
                line.sendall(start)
                try:
                    for _ in range(300):
                        line.sendall(data)
                        time.sleep(0.2)
                        line.settimeout(0.01)
                        try:
                            if not line.recv(4096):
                                return False
                        except TimeoutError:
                            pass
                except OSError:
                    return False
            return True
        self.assertFalse(drips(b"X", b"GET /healthz HTTP/1.1\r\nX: "))
        kind, body = form([("a.png", b"x")])
        self.assertFalse(drips(b"x", head("POST", API + "/batches", f"Content-Type: {kind}", "Content-Length: 100000")))
        self.assertNothingLeft()

    def test_a_thousand_connections_that_say_nothing(self):
        lines = []
        try:
            for _ in range(1000):
                lines.append(socket.create_connection(("127.0.0.1", self.server.port), timeout=10))
            self.assertEqual(200, self.server.request("GET", "/").status)
            for line in lines:
                line.settimeout(60)
                try:
                    self.assertEqual(b"", line.recv(1))
                except ConnectionError:
                    pass
        finally:
            for line in lines:
                line.close()

    def test_noise(self):
        source = random.Random(8)
        seeds = [head("GET", "/", "Range: bytes=0-5", "Cookie: a=b; gpen_session=c", "If-None-Match: \"a\""),
                 head("GET", API + "/batches?limit=5&before=3&lang=zh", "Accept-Language: zh,en;q=0.5"),
                 head("POST", "/login", "Content-Type: application/json", "Content-Length: 13") + b'{"token":"a"}',
                 head("POST", API + "/batches", "Content-Type: multipart/form-data; boundary=x", "Transfer-Encoding: chunked")
                 + b'40\r\n--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n\r\n0\r\n\r\n']
        for _ in range(250):
            data = bytearray(source.choice(seeds))
            for _ in range(source.randint(1, 8)):
                at = source.randrange(len(data))
                kind = source.randrange(3)
                if kind == 0:
                    data[at] = source.randrange(256)
                elif kind == 1:
                    del data[at:at + source.randint(1, 20)]
                else:
                    data[at:at] = bytes(source.randrange(256) for _ in range(source.randint(1, 20)))
                if not data:
                    data = bytearray(b"\r\n")
            self.server.raw(bytes(data), timeout=0.05)
        self.assertNothingLeft()


class Allowed(Case):
    def setUp(self):
        (self.root / "allowed" / "photos").mkdir(parents=True, exist_ok=True)

    @classmethod
    def setUpClass(cls):
        place = serving.Path(serving.tempfile.mkdtemp(prefix="gpen-allowed-"))
        cls.place = place
        (place / "in").mkdir()
        (place / "in" / "a.png").write_bytes(support.png_bytes(64, 64))
        (place / "out.png").write_bytes(support.png_bytes(64, 64))
        (place / "in" / "link.png").symlink_to(place / "out.png")
        (place / "in-beside").mkdir()
        cls.options = ("--allow", str(place / "in"))
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        serving.shutil.rmtree(cls.place)

    def test_nothing_outside_is_taken(self):
        inside = str(self.place / "in")
        for path in ("/etc/passwd", "in/a.png", inside + "/../out.png", inside + "/link.png", inside + "/not-there.png", str(self.place),
                     inside + "-beside", "", "\u0000", inside):
            answer = self.server.api("POST", "/batches", {"paths": [path]})
            self.assertIn(answer.status, (400, 404, 422), (path, answer.body))
        self.assertEqual(201, self.server.api("POST", "/batches", {"paths": [inside + "/a.png"]}).status)


class Token(Case):
    base = "/gpen"
    options = ("--base-path", "gpen/")
    environment = {"GPEN_TOKEN": "correct-horse-battery"}

    def test_only_with_the_token(self):
        for method, path in (("GET", API + "/system"), ("GET", "/metrics"), ("POST", API + "/batches"), ("GET", API + "/nothing"),
                             ("GET", API + "/events")):
            self.assertEqual(401, self.server.request(method, path, b"" if method == "POST" else None).status, path)
        for headers in ({"Authorization": "Bearer correct-horse"}, {"Authorization": "Bearer correct-horse-battery2"}, {"Authorization": "Bearer "},
                        {"Authorization": "Basic correct-horse-battery"}, {"Cookie": "gpen_session=correct-horse-battery"}, {"Cookie": "gpen_session="}):
            self.assertEqual(401, self.server.api("GET", "/system", headers=headers).status, headers)
        self.assertEqual(200, self.server.api("GET", "/system", headers={"Authorization": "Bearer correct-horse-battery"}).status)
        for path in ("/", "/healthz", "/readyz", "/openapi.json"):
            self.assertEqual(200, self.server.request("GET", path).status, path)

    def test_a_browser_gets_a_cookie(self):
        self.assertEqual(401, self.server.request("POST", "/login", {"token": "wrong-horse-battery"}).status)
        answer = self.server.request("POST", "/login", {"token": "correct-horse-battery"})
        self.assertEqual(204, answer.status)
        cookie = answer.headers["Set-Cookie"]
        for word in ("HttpOnly", "SameSite=Strict", "Path=/gpen/"):
            self.assertIn(word, cookie)
        self.assertNotIn("correct-horse", cookie)
        pair = cookie.split(";")[0]
        self.assertEqual(200, self.server.api("GET", "/system", headers={"Cookie": "a=b; " + pair}).status)
        self.assertEqual(401, self.server.api("GET", "/system", headers={"Cookie": f"{pair}; {pair}"}).status)

    def test_behind_a_proxy(self):
        bare = self.server.request("GET", "").headers["Location"]
        self.assertEqual("/gpen/", bare)
        self.server.base = ""
        try:
            self.assertEqual(404, self.server.request("GET", "/healthz", headers={"Authorization": "Bearer correct-horse-battery"}).status)
        finally:
            self.server.base = "/gpen"

    def test_no_secret_in_the_log(self):
        self.server.request("POST", "/login", {"token": "correct-horse-battery"})
        self.server.api("GET", "/system?token=correct-horse-battery", headers={"Authorization": "Bearer correct-horse-battery"})
        log = (self.root / "log").read_text()
        self.assertNotIn("correct-horse", log)
        for line in log.splitlines():
            json.loads(line)


class Readers(Case):
    """Clients that ask for much and take little."""
    options = ("--slow-seconds", "2")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        noise = random.Random(3)
        picture = support.pack_png(1200, 900, 3, 8, lambda *_: noise.getrandbits(8))
        cls.large = random.Random(4).randbytes(40 << 20)
        batch = cls.server.upload([("noise.png", picture), ("large.jpg", cls.large)]).json["id"]
        cls.server.wait(batch)
        done, refused = cls.server.items(batch)
        assert done["state"] == "done", done
        cls.zip_length = len(cls.server.api("GET", f"/batches/{batch}/zip").body)
        cls.answers = {"a large file": f"/items/{refused['id']}/input", "a zip": f"/batches/{batch}/zip"}

    def ask(self, path):
        # Little of the answer waits on this side.
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(10)
        line.connect(("127.0.0.1", self.server.port))
        line.sendall(head("GET", API + path))
        return line

    def number(self, name):
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.server.request("GET", "/metrics").body.decode(), re.MULTILINE)
        return float(found.group(1))

    def test_who_takes_next_to_nothing_is_cut_off(self):
        for what, path in self.answers.items():
            cut = self.number("gpen_slow_clients_total")
            with self.ask(path) as line:
                taken, until = 0, time.monotonic() + 60  # libmicrohttpd's own limit is 75 seconds
                while self.number("gpen_slow_clients_total") == cut:
                    self.assertLess(time.monotonic(), until, f"{what}: nobody minds")
                    taken += len(line.recv(1))
                    time.sleep(0.2)
                try:
                    while part := line.recv(1 << 20):
                        taken += len(part)
                except OSError:
                    pass
                self.assertLess(taken, len(self.large) // 2 if what == "a large file" else self.zip_length, what)

    def test_many_of_them_hold_no_memory(self):
        before = self.number('gpen_memory_bytes{of="server"}')
        lines = [self.ask(path) for path in self.answers.values() for _ in range(60)]
        for line in lines:
            line.recv(1)
        held = self.number('gpen_memory_bytes{of="server"}') - before
        for line in lines:
            line.close()
        self.assertLess(held, 60 << 20)

    def test_who_is_slow_but_steady_gets_more_and_more(self):
        taken = 0
        with self.ask(self.answers["a large file"]) as line:
            for _ in range(16):
                wanted = 4096
                while wanted:
                    part = line.recv(wanted)
                    self.assertTrue(part, f"cut off after {taken} bytes")
                    wanted -= len(part)
                    taken += len(part)
                time.sleep(0.5)


class Room(Case):
    """All that is uploaded together may take one MiB."""
    options = ("--max-kept", "1")

    def kept(self):
        return self.server.api("GET", "/system").json["storage"]["kept"]

    def assertNoRoom(self, answer):
        self.assertEqual((507, "urn:gpen:problem:no_space"), (answer.status, answer.json["type"]), answer.body)

    def test_photos_that_fill_the_disk(self):
        noise = random.Random(1).randbytes(300 << 10)
        made = [self.server.upload([(f"{number}.jpg", noise)]).json["id"] for number in range(3)]
        self.assertEqual(3 * len(noise), self.kept())
        # Refused by what it announces, in the language of the request, with what to do; and where it announces nothing, by what comes.
        self.assertNoRoom(self.server.upload([("more.jpg", noise)]))
        self.assertIn("腾出空间", self.server.upload([("more.jpg", noise)], path="/batches?lang=zh").json["detail"])
        self.assertNoRoom(self.server.upload([("more.jpg", noise)], path=f"/batches/{made[0]}/photos"))
        kind, body = form([("more.jpg", noise)])
        pieces = (body[at:at + 5000] for at in range(0, len(body), 5000))
        self.assertNoRoom(self.server.api("POST", "/batches", pieces, headers={"Content-Type": kind}))
        self.assertEqual(3 * len(noise), self.kept())
        # What goes makes room: a batch by its number, and all that ended by their age.
        self.server.wait(made[0])
        self.assertEqual(204, self.server.api("DELETE", f"/batches/{made[0]}").status)
        self.assertEqual(2 * len(noise), self.kept())
        for batch in made[1:]:
            self.server.wait(batch)
        self.assertEqual({"batches": 2, "bytes": 2 * len(noise)}, self.server.api("POST", "/batches/clean", {"days": 0}).json)
        self.assertEqual((0, []), (self.kept(), self.server.left_over()))

    def test_more_may_be_allowed_and_is_remembered(self):
        noise = random.Random(2).randbytes(1200 << 10)
        self.assertNoRoom(self.server.upload([("large.jpg", noise)]))
        self.assertEqual(200, self.server.api("PUT", "/system", {"kept_mib": 2}).status)
        batch = self.server.upload([("large.jpg", noise)]).json["id"]
        self.server.wait(batch)
        self.server.stop()
        self.server.start()
        storage = self.server.api("GET", "/system").json["storage"]
        self.assertEqual((len(noise), 2 << 20), (storage["kept"], storage["most"]))
        self.server.api("PUT", "/system", {"kept_mib": "auto"})
        self.assertEqual(1 << 20, self.server.api("GET", "/system").json["storage"]["most"])
        self.assertEqual(422, self.server.api("PUT", "/system", {"kept_mib": 0}).status)
        self.server.api("DELETE", f"/batches/{batch}")

    def test_a_photo_tried_again_in_another_batch_is_counted_once(self):
        batch = self.server.upload([("portrait.jpg", PHOTO.read_bytes())]).json["id"]
        self.server.wait(batch)
        kept = self.kept()
        self.assertEqual(PHOTO.stat().st_size, kept)
        item = self.server.items(batch)[0]["id"]
        other = self.server.api("POST", f"/items/{item}/apply", {"settings": {"strength": 20}}).json["batch"]
        self.server.wait(other)
        self.assertEqual(kept, self.kept())
        self.server.api("DELETE", f"/batches/{batch}")
        self.assertEqual(kept, self.kept())
        self.server.api("DELETE", f"/batches/{other}")
        self.assertEqual(0, self.kept())


class Start(serving.unittest.TestCase):
    def test_other_machines_need_a_token(self):
        root = serving.tempfile.mkdtemp()
        for host in ("0.0.0.0", "::"):
            done = serving.subprocess.run([support.PROGRAM, "serve", "--host", host, "--port", "0", "--data", root], capture_output=True,
                                          text=True, timeout=30, env={**os.environ, "GPEN_HOME": root})
            self.assertEqual(3, done.returncode)
            self.assertIn("token", done.stderr)
        serving.shutil.rmtree(root)


if __name__ == "__main__":
    serving.main()

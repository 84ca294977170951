"""The server killed and stopped in the middle of things, and started again: every photo is accounted for."""
import random
import signal
import threading
import time

import serving
from serving import Case, form, support


class Recovery(Case):
    def test_killed_during_a_batch(self):
        source = random.Random(3)
        photos = [(f"{number}.png", support.png_bytes(96, 96, seed=number)) for number in range(24)]
        photos[7] = ("7.png", b"no picture at all")
        batch = self.server.upload(photos, {"aligned": True}).json["id"]
        for _ in range(4):
            time.sleep(source.uniform(0.1, 0.8))
            self.server.stop(signal.SIGKILL)
            self.server.start()
            found = self.server.api("GET", f"/batches/{batch}").json
            self.assertEqual(24, found["total"])
            self.assertEqual(24, sum(found["counts"].values()))
        ended = self.server.wait(batch)
        self.assertEqual((23, 1), (ended["counts"]["done"], ended["counts"]["failed"]))
        items = self.server.items(batch)
        self.assertEqual([name for name, _ in photos], [item["name"] for item in items])
        self.assertEqual(23, len({item["output_name"] for item in items} - {None}))
        results = self.server.root / "data" / "results"
        self.assertEqual([], [path for path in results.rglob("*") if path.name.endswith(".part")])
        self.assertEqual(204, self.server.api("DELETE", f"/batches/{batch}").status)
        self.assertEqual([], list(results.iterdir()))

    def test_killed_during_an_upload(self):
        kind, body = form([("a.png", b"x" * 500000)])
        head = (f"POST {serving.API}/batches HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        with serving.socket.create_connection(("127.0.0.1", self.server.port)) as line:
            line.sendall(head + body[:200000])
            until = time.monotonic() + 10
            while not self.server.left_over() and time.monotonic() < until:
                time.sleep(0.05)
            self.assertEqual(1, len(self.server.left_over()))
            self.server.stop(signal.SIGKILL)
        self.server.start()
        self.assertEqual([], self.server.left_over())

    def test_stopped_politely_with_clients_that_follow(self):
        photos = [(f"{number}.png", support.png_bytes(96, 96, seed=number)) for number in range(12)]
        lines = []
        for _ in range(5):
            connection = serving.http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            connection.request("GET", serving.API + "/events")
            lines.append((connection, connection.getresponse()))
        ends = []
        threads = [threading.Thread(target=lambda one=one: ends.append(one[1].read())) for one in lines]
        for thread in threads:
            thread.start()
        batch = self.server.upload(photos, {"aligned": True}).json["id"]
        time.sleep(0.3)
        self.assertEqual(0, self.server.stop())
        for thread in threads:
            thread.join(30)
        self.assertEqual(5, len(ends))
        self.server.start()
        self.assertEqual(12, self.server.wait(batch)["counts"]["done"])
        for item in self.server.items(batch):
            self.assertIn(item["attempts"], (1, 2))

    def test_what_people_chose_is_kept(self):
        self.assertEqual(200, self.server.api("PUT", "/presets/mine", {"settings": {"strength": 33}}).status)
        self.server.stop(signal.SIGKILL)
        self.server.start()
        self.assertEqual(33, self.server.api("GET", "/presets").json["presets"][0]["settings"]["strength"])
        self.server.stop()
        (self.server.root / "data" / "presets.json").write_text("{")
        self.server.start()
        self.assertEqual([], self.server.api("GET", "/presets").json["presets"])
        self.assertTrue((self.server.root / "data" / "presets.json.damaged").exists())

    def test_what_no_batch_has_goes(self):
        batch = self.server.upload([("a.png", support.png_bytes(64, 64))]).json["id"]
        self.server.wait(batch)
        folder = self.server.root / "data" / "uploads" / ("0" * 32)
        folder.mkdir()
        (folder / "1").write_bytes(b"nobody's")
        self.server.stop()
        self.server.start()
        self.assertFalse(folder.exists())
        self.assertEqual(200, self.server.api("GET", f"/batches/{batch}").status)


if __name__ == "__main__":
    serving.main()

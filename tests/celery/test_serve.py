"""`gpen serve --broker`: batches of the server restored by workers of a fleet, whatever is lost on the way: each photo ends once."""
import json
import signal
import sys
import time
from pathlib import Path

import fleet
import support

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "http"))
import serving  # noqa: E402  (the server's own tests: starting one, and asking it)

PLAIN = {"likeness": False}  # what the tests' tiny network makes of a face resembles nobody
STATES = ("queued", "running", "done", "failed", "cancelled")


class ServeFleet(fleet.FleetTest):
    def serve(self, *options):
        environment = self.environment(GPEN_LOG="info", GPEN_LOG_FILE=str(self.root / "serve.log"))
        server = serving.Server(self.root, "--broker", f"redis://127.0.0.1:{self.redis.port}/0", *options,
                                environment=environment)
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        self.data = self.root / "data"
        return server

    def fleet_worker(self, **options):
        (self.root / "data").mkdir(exist_ok=True)
        return self.worker("--root", self.root / "data", **options)

    def log(self):
        return (self.root / "serve.log").read_text(errors="replace")

    def pictures(self, count, damaged=(), slow=()):
        slow_photo = (self.photos / self.slow_photo(side=2500)).read_bytes() if slow else b""
        return [(f"photo-{i:02}.png", b"no picture" if i in damaged else slow_photo if i in slow else
                 support.marked_photo(160 + i, 160, (("large", 2, 2),))) for i in range(count)]

    def put(self, server, pictures, **settings):
        answer = server.upload(pictures, dict(PLAIN, **settings))
        self.assertEqual(201, answer.status, answer.body)
        return answer.json["id"]

    def ended(self, server, batch, states=("done", "cancelled"), seconds=60):
        server.wait(batch, states, seconds)
        return server.items(batch)

    def outputs(self):
        return sorted(path.name for path in self.data.glob("results/*/*") if path.is_file())

    def assert_each_once(self, items, damaged=()):
        """Each photo has ended once, as it should, and its result is a whole picture."""
        for i, item in enumerate(items):
            self.assertEqual("failed" if i in damaged else "done", item["state"], item)
        names = [item["output_name"] for i, item in enumerate(items) if i not in damaged]
        self.assertEqual(sorted(names), self.outputs())
        for path in self.data.glob("results/*/*"):
            support.read_png(path)
        ends = [json.loads(line)["item"] for line in self.log().splitlines() if '"event":"item_done"' in line]
        self.assertEqual(sorted(item["id"] for i, item in enumerate(items) if i not in damaged), sorted(ends))

    def tasks_taken(self):
        return sum(worker.text().count('"event":"task_ended"') for worker in self.workers)

    # ------------------------------------------------------------------ what a person sees

    def test_a_batch(self):
        self.fleet_worker()
        server = self.serve()
        batch = self.put(server, self.pictures(6, damaged={3}), save_faces=True)
        items = self.ended(server, batch)
        self.assert_each_once(items, damaged={3})
        self.assertEqual("unreadable" if items[3]["reason"] == "unreadable" else "unsupported_format", items[3]["reason"])
        self.assertIn("photo-03.png", items[3]["detail"])
        done = items[0]
        self.assertEqual((160, 160), (done["width"], done["height"]))
        self.assertEqual(["restored"], [face["state"] for face in done["faces"]])
        self.assertEqual(1, done["attempts"])
        self.assertGreater(done["seconds"], 0)
        self.assertEqual("gpen", done["receipt"]["program"])
        self.assertTrue(done["receipt"]["restorer"]["sha256"])
        for which in ("before", "after"):
            answer = server.api("GET", f"/items/{done['id']}/{which}?thumb=1")
            self.assertEqual((200, b"\xff\xd8"), (answer.status, answer.body[:2]))
        self.assertEqual(6, self.tasks_taken())
        self.assertTrue(list(self.data.glob("results/*/faces/*-face1.png")))
        system = server.api("GET", "/system").json
        self.assertEqual({"reachable": True, "machines": 1, "processes": 1, "out": 0}, system["fleet"])
        numbers = server.request("GET", "/metrics").body.decode()
        self.assertIn("gpen_fleet_broker_up 1\n", numbers)
        self.assertIn("gpen_fleet_tasks_out 0\n", numbers)
        self.assert_empty()


if __name__ == "__main__":
    fleet.main()

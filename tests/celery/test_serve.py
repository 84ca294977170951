"""`gpen serve --broker`: batches of the server restored by workers of a fleet, whatever is lost on the way: each photo ends once."""
import contextlib
import json
import signal
import sqlite3
import sys
import time
from pathlib import Path

import fleet
import support

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "http"))
import serving  # noqa: E402  (the server's own tests: starting one, and asking it)

PLAIN = {"likeness": False}  # what the tests' tiny network makes of a face resembles nobody
STATES = ("queued", "running", "done", "failed", "cancelled")


class Served(fleet.FleetTest):
    """A server whose batches go to a fleet."""

    def serve(self, *options, **changes):
        environment = self.environment(GPEN_LOG="info", GPEN_LOG_FILE=str(self.root / "serve.log"), **changes)
        server = serving.Server(self.root, "--broker", f"redis://127.0.0.1:{self.redis.port}/0", *options,
                                environment=environment)
        self.addCleanup(self.stop_server, server)
        self.data = self.root / "data"
        return server

    def stop_server(self, server):
        """Under a sanitizer it says at its end what it forgot to release."""
        if server.process.poll() is None:
            self.assertIn(server.stop(), (0, 128 + signal.SIGTERM), server.said)

    def fleet_worker(self, **options):
        (self.root / "data").mkdir(exist_ok=True)
        return self.worker("--root", self.root / "data", **options)

    def log(self):
        return (self.root / "serve.log").read_text(errors="replace")

    @staticmethod
    def pictures(count, damaged=()):
        return [(f"photo-{i:02}.png", b"no picture" if i in damaged else
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
        for path in self.data.glob("results/*/*.png"):
            support.read_png(path)
        self.assertEqual({item["id"]: 1 for item in items}, self.ends())

    def ends(self):
        """How many attempts at each photo came to an end: done or failed."""
        store = contextlib.closing(sqlite3.connect(f"file:{self.data}/store/batches.db?mode=ro", uri=True))
        with store as connection:
            return dict(connection.execute("SELECT item, count(*) FROM attempt WHERE outcome IN (1, 2) GROUP BY item"))

    def begin(self, count, damaged=(), **options):
        """A batch whose first photo is being worked on, and stays so. Returns the worker, what lets it go on, the server, the batch."""
        worker = self.fleet_worker(**options)
        go_on = worker.pause()
        server = self.serve()
        batch = self.put(server, self.pictures(count, damaged))
        fleet.wait_for(lambda: self.client().keys("celery-task-meta-*"))
        return worker, go_on, server, batch

    def wait_for_states(self, server, batch, state):
        fleet.wait_for(lambda: {item["state"] for item in server.items(batch)} == {state})

    def tasks_taken(self):
        return sum(worker.text().count('"event":"task_ended"') for worker in self.workers)


class ServeFleet(Served):
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
        for which in ("input", "output"):
            answer = server.api("GET", f"/items/{done['id']}/thumbnail?of={which}")
            self.assertEqual((200, b"\xff\xd8"), (answer.status, answer.body[:2]))
        # Looks that are tried are this machine's to make.
        answer = server.api("POST", f"/items/{done['id']}/render", {"settings": {"strength": 50}, "edge": 100})
        self.assertEqual((200, b"\xff\xd8"), (answer.status, answer.body[:2]))
        self.assertEqual(6, self.tasks_taken())
        self.assertTrue(list(self.data.glob("results/*/faces/*-face1.png")))
        system = server.api("GET", "/system").json
        self.assertEqual({"reachable": True, "machines": 1, "processes": 1, "out": 0}, system["fleet"])
        numbers = server.request("GET", "/metrics").body.decode()
        self.assertIn("gpen_fleet_broker_up 1\n", numbers)
        self.assertIn("gpen_fleet_tasks_out 0\n", numbers)
        self.assert_empty()

    def test_a_batch_is_cancelled(self):
        """What is worked on is stopped, what waits in the queue leaves it."""
        worker, go_on, server, batch = self.begin(6, prefetch=0)
        fleet.wait_for(lambda: self.client().llen("gpen") == 3)
        self.assertEqual(200, server.api("POST", f"/batches/{batch}/cancel").status)
        fleet.wait_for(lambda: not self.client().llen("gpen"))
        go_on()
        self.wait_for_states(server, batch, "cancelled")
        self.assertEqual([], self.outputs())
        self.assertEqual(1, self.tasks_taken())
        self.assert_empty()

    def test_a_batch_is_cancelled_while_redis_is_away(self):
        worker, go_on, server, batch = self.begin(6, prefetch=0)
        self.redis.stop()
        fleet.wait_for(lambda: server.request("GET", "/readyz").status == 503)
        server.api("POST", f"/batches/{batch}/cancel")
        self.wait_for_states(server, batch, "cancelled")
        self.redis.start()
        fleet.wait_for(lambda: server.request("GET", "/readyz").status == 200)
        fleet.wait_for(lambda: not self.client().llen("gpen"))
        go_on()
        self.assert_empty()
        self.assertLessEqual(self.tasks_taken(), 1)

    def test_no_more_is_sent_than_workers_can_begin_soon(self):
        """A batch that comes later and is urgent is done before the rest of the first."""
        worker = self.fleet_worker()
        go_on = worker.pause()
        server = self.serve("--fleet-ahead", "4")
        slow = self.put(server, self.pictures(12))
        fleet.wait_for(lambda: server.api("GET", "/system").json["fleet"]["out"] == 4)
        self.assertEqual(8, server.api("GET", f"/batches/{slow}").json["counts"]["queued"])
        self.assertEqual(200, server.api("POST", f"/batches/{slow}/pause").status)
        urgent = self.put(server, self.pictures(2))
        go_on()
        self.ended(server, urgent)
        counts = server.api("GET", f"/batches/{slow}").json["counts"]
        self.assertEqual((4, 8), (counts["done"], counts["queued"]))
        server.api("POST", f"/batches/{slow}/resume")
        self.assertEqual(["done"] * 12, [item["state"] for item in self.ended(server, slow)])
        self.assertEqual(14, self.tasks_taken())

    def test_the_folder_has_another_name_on_the_workers(self):
        """They may use those of its folders that they need; the store is on another disk."""
        data, other, local = self.root / "data", self.root / "elsewhere", self.root / "local"
        data.mkdir()
        local.mkdir()
        (data / "store").symlink_to(local)
        server = self.serve("--fleet-data", str(other))
        data.rename(other)
        data.symlink_to(other)
        roots = [word for name in ("uploads", "results", "thumbnails") for word in ("--root", other / name)]
        self.worker(*roots)
        self.assert_each_once(self.ended(server, self.put(server, self.pictures(1))))
        self.assertTrue((local / "batches.db").exists())

    def test_a_server_without_models(self):
        """Batches are the workers' matter; who wants to try a look here is told what is missing."""
        self.fleet_worker()
        server = self.serve(GPEN_HOME=str(self.root / "nothing"), GPEN_ASSETS=str(self.root / "nothing"))
        (item,) = self.ended(server, self.put(server, self.pictures(1)))
        self.assertEqual("done", item["state"])
        answer = server.api("POST", f"/items/{item['id']}/render", {"settings": {}, "edge": 100})
        self.assertEqual((404, "model_missing"), (answer.status, answer.json["reason"]))

    def test_workers_that_may_not_use_the_folder(self):
        self.worker()
        server = self.serve()
        (item,) = self.ended(server, self.put(server, self.pictures(1)))
        self.assertEqual(("failed", "bad_argument"), (item["state"], item["reason"]))
        self.assertIn("--root", item["detail"])

    # ------------------------------------------------------------------ what is lost

    def test_redis_is_away_for_a_while(self):
        worker, go_on, server, batch = self.begin(8, damaged={5})
        self.redis.stop()
        fleet.wait_for(lambda: server.request("GET", "/readyz").status == 503)
        self.assertIn("queue cannot be reached", server.request("GET", "/readyz").json["detail"])
        system = server.api("GET", "/system").json
        self.assertIn("queue cannot be reached", system["held"])
        self.assertFalse(system["fleet"]["reachable"])
        self.assertIn("gpen_fleet_broker_up 0\n", server.request("GET", "/metrics").body.decode())
        self.assertEqual("running", server.items(batch)[0]["state"])
        go_on()
        time.sleep(0.5)
        self.redis.start()
        self.assert_each_once(self.ended(server, batch), damaged={5})
        fleet.wait_for(lambda: server.request("GET", "/readyz").status == 200)
        self.assertIn("broker_back", self.log())
        self.assertEqual(8, self.tasks_taken())  # none was sent twice
        self.assert_empty()

    def test_redis_forgets_everything(self):
        worker, go_on, server, batch = self.begin(8, damaged={5})
        self.redis.stop(keep=False)
        self.redis.start()
        fleet.wait_for(lambda: "task_sent_again" in self.log())
        go_on()
        self.assert_each_once(self.ended(server, batch), damaged={5})
        self.assert_empty()

    def test_redis_refuses_to_write(self):
        self.fleet_worker()
        server = self.serve()
        client = self.client()
        client.config_set("min-replicas-to-write", 1)
        batch = self.put(server, self.pictures(3))
        fleet.wait_for(lambda: server.request("GET", "/readyz").status == 503)
        self.assertIn("NOREPLICAS", server.request("GET", "/readyz").json["detail"])
        client.config_set("min-replicas-to-write", 0)
        self.assert_each_once(self.ended(server, batch))
        self.assert_empty()

    def test_the_server_is_killed(self):
        """In the middle, twice, and its workers changed, which here are none; what was done while it was away is found, and nothing is sent twice."""
        worker, go_on, server, batch = self.begin(10, damaged={5})
        server.stop(signal.SIGKILL)
        go_on()
        taken = fleet.wait_for(self.tasks_taken)
        server.start()
        go_on = worker.pause()
        self.assertEqual(200, server.api("PUT", "/system", {"workers": 2}).status)
        server.stop(signal.SIGKILL)
        go_on()
        fleet.wait_for(lambda: self.tasks_taken() > taken or not self.client().llen("gpen"))
        server.start()
        self.assert_each_once(self.ended(server, batch), damaged={5})
        self.assertEqual(10, self.tasks_taken())
        self.assert_empty()

    def test_the_server_is_stopped_and_a_worker_killed(self):
        worker, go_on, server, batch = self.begin(6, visibility_timeout=2)
        worker.kill()
        go_on()
        server.stop()
        self.fleet_worker(visibility_timeout=2)
        server.start()
        self.assert_each_once(self.ended(server, batch))
        self.assert_empty()

    def test_somebody_else_takes_a_photo_out_of_the_queue(self):
        """It is tried again by the store, under a name of its own."""
        worker = self.fleet_worker()
        go_on = worker.pause()
        server = self.serve()
        batch = self.put(server, self.pictures(1))
        (held,) = fleet.wait_for(lambda: self.client().hvals("unacked"))
        self.app.control.revoke(json.loads(held)[0]["headers"]["id"], terminate=True)
        go_on()
        items = self.ended(server, batch)
        self.assertEqual("done", items[0]["state"])
        self.assertEqual({1: 2}, self.ends())


class Secrets(Served):
    password = "a secret: with@signs"

    def test_a_password(self):
        self.fleet_worker()
        (self.root / "secret").write_text(self.password + "\n")
        server = self.serve("--password-file", str(self.root / "secret"))
        self.assert_each_once(self.ended(server, self.put(server, self.pictures(1))))
        self.assertNotIn(self.password, self.log())
        told = self.gpen("serve", "--broker", "redis://:x@h/0", expect=2).err
        self.assertIn("command line", told)
        self.assertIn("--broker", self.gpen("serve", "--queue", "other", expect=2).err)
        self.assertIn("broker", self.gpen("serve", "--broker", "http://h", expect=3).err)


if __name__ == "__main__":
    fleet.main()

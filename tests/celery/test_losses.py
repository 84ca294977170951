"""What may be lost on the way, and is not: workers, Redis, the network, in the middle of anything.

GPEN_CELERY_TASKS sets how many tasks the random killing runs for (1000 for the whole of it; few in the suite)."""
import json
import os
import random
import shutil
import subprocess
import time
import unittest

import fleet
import support

MANY = int(os.environ.get("GPEN_CELERY_TASKS", "60"))


def may_have_namespaces():
    return os.geteuid() == 0 and shutil.which("ip") and subprocess.run(
        ["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0


class Losses(fleet.FleetTest):
    def outputs(self):
        return sorted(path.name for path in (self.photos / "out").iterdir())

    def test_a_worker_killed_in_the_middle(self):
        worker = self.worker(visibility_timeout=2)
        self.slow_photo()
        sent = self.send("slow.png", "out/b.png")
        self.catch_at_work(sent, worker)
        worker.kill(9)
        self.assertEqual(1, self.client().hlen("unacked"))
        other = self.worker(visibility_timeout=2)
        self.assertEqual("out/b.png", sent.get(timeout=60)["output"])
        self.assertEqual(["b.png"], self.outputs())
        self.assertIn("given out again", other.text())
        self.assert_empty()

    def test_a_worker_killed_between_its_file_and_its_word(self):
        """The file is there, and nobody was told: the task is done again, and finds its own result no obstacle."""
        worker = self.worker(visibility_timeout=2)
        self.photo()
        sent = self.send("a.png", "out/b.png")
        # As Redis is left by such a death: held, begun, its place noted as free, the file written.
        sent.get(timeout=30)
        client = self.client()
        (key,) = client.keys("gpen-key-*")
        client.hdel(key, "result")
        client.hset(key, mapping={"begun": 1, "clear": 1})
        client.delete(f"celery-task-meta-{sent.id}")
        again = self.send("a.png", "out/b.png", task_id=sent.id)
        again.backend.result_consumer.cancel_for(sent.id)
        fleet.wait_for(lambda: self.state(again) == "SUCCESS")
        self.assertEqual(["b.png"], self.outputs())
        self.assertIsNone(worker.process.poll())

    def test_what_a_task_does_twice_is_given_up(self):
        self.worker()
        self.photo()
        identifier = "deadbeef-0000-4000-8000-000000000000"
        self.client().hset(f"gpen-key-gpen.enhance:{identifier}", "begun", 5)
        with self.assertRaises(Exception) as caught:
            self.send("a.png", "b.png", task_id=identifier).get(timeout=30)
        self.assertEqual("given_up", caught.exception.args[0])

    def test_two_workers_one_key(self):
        first, _ = self.worker(), self.worker()
        self.slow_photo()
        one = self.send("slow.png", "out/b.png", None, "key")
        self.catch_at_work(one, first)()
        two = self.send("slow.png", "out/b.png", None, "key")
        self.assertEqual(one.get(timeout=60), two.get(timeout=60))
        self.assertEqual(["b.png"], self.outputs())

    def test_redis_restarted_with_its_data(self):
        worker = self.worker()
        self.slow_photo()
        self.photo()
        slow = self.send("slow.png", "out/slow.png")
        go_on = self.catch_at_work(slow, worker)
        more = [self.send("a.png", f"out/{i}.png") for i in range(3)]
        self.redis.stop()
        go_on()
        fleet.wait_for((self.photos / "out/slow.png").exists, 60)
        self.redis.start()
        for sent in [slow] + more:
            fleet.wait_for(lambda sent=sent: self.state(sent) == "SUCCESS", 60)
        self.assertEqual(["0.png", "1.png", "2.png", "slow.png"], self.outputs())
        self.assertIn("the broker is back", worker.text())
        self.assert_empty()

    def test_redis_restarted_without_its_data(self):
        worker = self.worker()
        self.slow_photo()
        self.photo()
        sent = self.send("slow.png", "out/slow.png")
        go_on = self.catch_at_work(sent, worker)
        self.redis.stop(keep=False)
        self.redis.start()
        go_on()
        fleet.wait_for(lambda: self.state(sent) == "SUCCESS", 60)  # what was worked on is not lost
        self.assertEqual(1, self.send("a.png", "out/a.png").get(timeout=30)["restored"])
        self.assertIn(b"gpen\x06\x16\x06\x16gpen", self.client().smembers("_kombu.binding.gpen"))
        self.assert_empty()

    def test_redis_that_refuses_to_write(self):
        worker = self.worker()
        self.slow_photo()
        sent = self.send("slow.png", "out/slow.png")
        go_on = self.catch_at_work(sent, worker)
        client = self.client()
        client.config_set("min-replicas-to-write", 1)  # from now on writes are refused
        go_on()
        fleet.wait_for((self.photos / "out/slow.png").exists, 60)
        time.sleep(1)
        client.config_set("min-replicas-to-write", 0)
        fleet.wait_for(lambda: self.state(sent) == "SUCCESS", 60)
        self.assertIn("the broker is away", worker.text())
        self.assert_empty()

    @unittest.skipUnless(may_have_namespaces(), "network namespaces need root")
    def test_the_network_is_cut(self):
        """The worker lives behind a cable that is pulled while it works."""
        # Private to this case: a namespace, a pair of ends, and a forwarder from the outer end to Redis.
        name = f"gpen{os.getpid() % 10000}"
        outer, inner, place = f"{name}o", f"{name}i", "10.213.77."

        def ip(*words):
            subprocess.run(["ip", *words], check=True, capture_output=True)
        ip("netns", "add", name)
        self.addCleanup(subprocess.run, ["ip", "netns", "del", name], check=False)
        ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name)
        ip("addr", "add", place + "1/24", "dev", outer)
        ip("link", "set", outer, "up")
        ip("-n", name, "addr", "add", place + "2/24", "dev", inner)
        ip("-n", name, "link", "set", inner, "up")
        ip("-n", name, "link", "set", "lo", "up")
        self.client().config_set("protected-mode", "no")
        self.client().config_set("bind", f"127.0.0.1 {place}1")
        worker = self.worker("--broker", f"redis://{place}1:{self.redis.port}/0",
                             prefix=("ip", "netns", "exec", name))
        self.slow_photo()
        self.photo()
        sent = self.send("slow.png", "out/slow.png")
        go_on = self.catch_at_work(sent, worker)
        ip("link", "set", outer, "down")
        waiting = self.send("a.png", "out/a.png")
        go_on()
        fleet.wait_for((self.photos / "out/slow.png").exists, 60)
        fleet.wait_for(lambda: "the broker is away" in worker.text(), 60)
        self.assertNotEqual("SUCCESS", self.state(sent))
        time.sleep(float(os.environ.get("GPEN_CELERY_CUT", "3")))
        ip("link", "set", outer, "up")
        for one in (sent, waiting):
            fleet.wait_for(lambda one=one: self.state(one) == "SUCCESS", 60)
        self.assertIn("the broker is back", worker.text())
        self.assert_empty()

    def test_workers_killed_at_random(self):
        """Three at a time, killed with -9 again and again: every task ends once, with a result or a reason."""
        source = random.Random(7)
        options = {"visibility_timeout": 3}
        for i in range(5):
            self.photo(f"{i}.png", marks=[("large", 2, 2)] * (i + 1))
        (self.photos / "bad.png").write_text("no picture")
        workers = [self.worker(**options) for _ in range(3)]
        published = self.client().pubsub()
        published.psubscribe("celery-task-meta-*")
        fleet.wait_for(lambda: self.client().pubsub_numpat())
        sent = {}
        for i in range(MANY):
            bad = i % 10 == 9
            one = self.send("bad.png" if bad else f"{i % 5}.png", f"out/{i}.png")
            sent[one.id] = (i, bad, one)
        finals = {}
        deaths, next_death, end = 0, time.monotonic() + 0.5, time.monotonic() + 120 + MANY
        while len(finals) < MANY and time.monotonic() < end:
            message = published.get_message(timeout=0.05)
            if message and message["type"] == "pmessage":
                meta = json.loads(message["data"])
                if meta["status"] in ("SUCCESS", "FAILURE"):
                    finals.setdefault(meta["task_id"], []).append(meta["status"])
            if time.monotonic() > next_death and deaths < 5 + MANY // 50:
                victim = source.randrange(3)
                workers[victim].kill(9)
                workers[victim] = self.worker(ready=False, **options)
                deaths += 1
                next_death = time.monotonic() + source.uniform(0.2, 2)
        missing = [number for task, (number, _, _) in sent.items() if task not in finals]
        self.assertEqual([], missing, f"after {deaths} deaths")
        for task, (number, bad, one) in sent.items():
            self.assertEqual("FAILURE" if bad else "SUCCESS", self.state(one), number)
            self.assertEqual({"FAILURE" if bad else "SUCCESS"}, set(finals[task]), number)
        good = sorted(f"{number}.png" for number, bad, _ in sent.values() if not bad)
        self.assertEqual(good, [name for name in self.outputs() if not name.startswith(".")])
        for name in good:
            support.read_png(self.photos / "out" / name)
        fleet.wait_for(lambda: not self.client().hlen("unacked"), 30)
        print(f"{MANY} tasks, {deaths} workers killed")


class Secrets(fleet.FleetTest):
    password = "a secret: with@signs"

    def test_a_password(self):
        worker = self.worker()
        self.photo()
        self.assertEqual(1, self.send("a.png", "b.png").get(timeout=30)["restored"])
        self.assertNotIn("secret", worker.text())
        address = f"redis://127.0.0.1:{self.redis.port}/0"
        (self.root / "secret").write_text(self.password + "\n")
        self.gpen("worker", "--ping", "--broker", address, "--name", "w1@test", "--password-file", "secret")
        self.assertIn("NOAUTH", self.gpen("worker", "--ping", "--broker", address, expect=3).err)
        self.assertIn("command line", self.gpen("worker", "--broker", "redis://:x@h/0", expect=2).err)

    def test_where_tls_is_not_there_it_is_said(self):
        done = self.gpen("worker", "--ping", "--broker", "rediss://127.0.0.1:1/0", expect=3)
        self.assertRegex(done.err, "cannot speak TLS|Connection refused")


if __name__ == "__main__":
    fleet.main()

"""A worker among others: what Celery's own commands, receivers and workers see of it, and what it does with theirs."""
import contextlib
import datetime
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time

import fleet
import redis
from celery import chain, chord, exceptions, group, signature


class Fleet(fleet.FleetTest):
    def sign(self, *arguments, task="gpen.enhance", **options):
        arguments, options = self.unguarded(task, arguments, options)
        return signature(task, args=arguments, app=self.app, queue="gpen", **options)

    def seen(self, view, name, patience=1):
        """What a view of remote control shows of a worker, once it shows something."""
        return fleet.wait_for(lambda: (getattr(self.app.control.inspect(timeout=patience), view)() or {}).get(name))

    # ---------------------------------------------------------------- when

    def test_a_task_waits_for_its_time(self):
        self.worker()
        self.photo()
        begun = time.time()
        sent = self.send("a.png", "b.png", countdown=5)
        entry = self.seen("scheduled", "w1@test")[0]
        self.assertEqual(sent.id, entry["request"]["id"])
        sent.get(timeout=30)
        self.assertGreaterEqual(time.time() - begun, 4.99)
        naive = (datetime.datetime.utcnow() + datetime.timedelta(seconds=1)).isoformat()
        self.assertEqual(1, self.send("a.png", "c.png", eta=naive).get(timeout=30)["restored"])

    def test_waiting_tasks_let_others_pass(self):
        self.worker()
        self.photo()
        late = [self.send("a.png", f"late{i}.png", countdown=3) for i in range(6)]
        self.assertEqual(1, self.send("a.png", "b.png").get(timeout=30)["restored"])
        self.assertFalse((self.photos / "late0.png").exists())
        for sent in late:
            sent.get(timeout=30)

    def test_a_task_that_comes_too_late_is_revoked(self):
        self.photo()
        sent = self.send("a.png", "b.png", expires=0.1)
        time.sleep(0.3)
        self.worker()
        with self.assertRaises(exceptions.TaskRevokedError):
            sent.get(timeout=30)
        self.assertEqual("REVOKED", self.state(sent))
        self.assertEqual(["a.png"], self.files("photos"))
        self.assert_empty()

    def test_urgent_tasks_come_first(self):
        self.photo()
        order = [9, 3, 0, 6, 9, 0]  # 0 is the most urgent one over Redis
        sent = {self.send("a.png", f"{i}.png", priority=step).id: step for i, step in enumerate(order)}
        worker = self.worker(prefetch=0)
        self.assert_empty()
        done = [sent[task] for task in re.findall(r"task (\S+) \(gpen.enhance\): SUCCESS", worker.text())]
        self.assertEqual(sorted(order), done)

    # ---------------------------------------------------------------- revoking

    def test_revoked_before(self):
        worker = self.worker()
        self.photo()
        sent = self.send("a.png", "b.png", countdown=20)
        self.seen("scheduled", worker.name)
        self.app.control.revoke(sent.id)
        with self.assertRaises(exceptions.TaskRevokedError):
            sent.get(timeout=30)
        identifier = "11111111-2222-3333-4444-555555555555"
        reply = self.app.control.revoke(identifier, reply=True, timeout=10, limit=1)
        self.assertEqual([{worker.name: {"ok": f"tasks {identifier} flagged as revoked"}}], reply)
        unknown = self.send("a.png", "b.png", task_id=identifier)
        with self.assertRaises(exceptions.TaskRevokedError):
            unknown.get(timeout=30)
        self.assertEqual(["a.png"], self.files("photos"))
        self.assertIn(identifier, self.seen("revoked", worker.name))

    def revoke_and_wait(self, sent, name):
        """Until that worker knows."""
        self.app.control.revoke(sent.id)
        fleet.wait_for(lambda: sent.id in ((self.app.control.inspect(destination=[name], timeout=0.5).revoked() or {})
                                           .get(name) or []))

    def assert_revoked(self, sent):
        with self.assertRaises(exceptions.TaskRevokedError):
            sent.get(timeout=30)
        self.assertEqual("REVOKED", self.state(sent))

    def test_revoked_while_only_a_python_worker_was_there(self):
        self.python_worker()
        self.photo()
        revoked, wanted = self.send("a.png", "b.png"), self.send("a.png", "c.png")
        self.revoke_and_wait(revoked, "python@test")
        worker = self.worker()
        self.assert_revoked(revoked)
        self.assertEqual(1, wanted.get(timeout=30)["restored"])
        self.assertEqual(["a.png", "c.png"], self.files("photos"))
        self.assertIn(revoked.id, self.seen("revoked", worker.name))
        self.assert_empty()

    def test_what_it_asks_leaves_nothing_behind(self):
        self.photo()
        sent = [self.send("a.png", f"{i}.png") for i in range(2)]
        for name in ("w1@test", "w2@test"):
            self.worker(name=name, ready=False)
        for one in sent:
            one.get(timeout=30)
        fleet.wait_for(lambda: not self.client().keys("*reply.celery.pidbox*"))

    def test_revoked_while_only_another_worker_was_there(self):
        first = self.worker()
        self.photo()
        revoked = self.send("a.png", "b.png", queue="second")
        self.revoke_and_wait(revoked, first.name)
        second = self.worker(queue="second")
        self.assert_revoked(revoked)
        self.assertEqual(["a.png"], self.files("photos"))
        self.assertIn("another worker told which tasks are revoked: 1 ", second.text())

    def test_a_python_worker_hears_from_ours_what_was_revoked(self):
        worker = self.worker()
        revoked = self.send(1, task="python.double", queue="python")
        self.revoke_and_wait(revoked, worker.name)
        self.python_worker()
        self.assert_revoked(revoked)
        self.assertEqual(4, self.send(2, task="python.double", queue="python").get(timeout=30))

    def test_revoked_while_the_broker_was_away(self):
        """What comes back asks again: the others may have heard what it has not."""
        python, worker = self.python_worker(), self.worker()
        self.photo()
        revoked = self.send("a.png", "b.png", countdown=8)
        self.seen("scheduled", worker.name)
        worker.process.send_signal(signal.SIGSTOP)  # it hears nothing, and cannot come back yet
        for client in self.client().client_list(_type="pubsub"):
            if client["cmd"] == "subscribe":  # ours: kombu has psubscribe
                self.client().client_kill_filter(_id=client["id"])
        self.revoke_and_wait(revoked, "python@test")
        worker.process.send_signal(signal.SIGCONT)
        self.assert_revoked(revoked)
        self.assertEqual(["a.png"], self.files("photos"))
        self.assertIsNone(python.poll())

    def test_revoked_during(self):
        worker = self.worker()
        self.slow_photo()
        self.photo()
        sent = self.send("slow.png", "b.png")
        self.catch_at_work(sent, worker)
        self.app.control.revoke(sent.id, terminate=True)
        with self.assertRaises(exceptions.TaskRevokedError) as caught:
            sent.get(timeout=30)
        self.assertIn("terminated", str(caught.exception))
        self.assertEqual(1, self.send("a.png", "c.png").get(timeout=30)["restored"])
        self.assertEqual(["a.png", "c.png", "slow.png"], self.files("photos"))
        self.assert_empty()

    # ---------------------------------------------------------------- what follows

    def test_a_group_and_a_chord(self):
        self.worker("--concurrency=2")
        for i in range(3):
            self.photo(f"{i}.png", marks=[("large", 2, 2)] + [("small", 4, 4)] * (i == 1))
        results = group(self.sign(f"{i}.png", f"out/{i}.png") for i in range(3)).apply_async().get(timeout=60)
        self.assertEqual([1, 2, 1], [result["restored"] for result in results])
        body = signature("python.sum", app=self.app, queue="python")
        self.python_worker()
        total = chord([self.sign(f"{i}.png", f"chord/{i}.png") for i in range(3)], body).apply_async()
        self.assertEqual(4, total.get(timeout=60))
        self.assertEqual([], self.client().keys("celery-taskset-meta-*"))

    def test_a_chord_whose_part_fails(self):
        self.worker()
        self.photo()
        body = signature("python.sum", app=self.app, queue="python")
        total = chord([self.sign("a.png", "b.png"), self.sign("none.png")], body).apply_async()
        total.parent = None  # it would raise the part's own exception
        with self.assertRaises(exceptions.ChordError) as caught:
            total.get(timeout=30)
        self.assertIn("input_missing", str(caught.exception))
        self.assertEqual(0, self.client().llen("python"))

    def test_a_chain_and_callbacks(self):
        self.worker()
        self.python_worker()
        self.photo()
        both = chain(self.sign("a.png", "b.png"), signature("python.restored", app=self.app, queue="python"),
                     signature("python.double", app=self.app, queue="python")).apply_async()
        self.assertEqual(2, both.get(timeout=30))
        linked = self.sign("a.png", "c.png").apply_async(
            link=signature("python.note", app=self.app, queue="python", kwargs={"key": "linked"}))
        linked.get(timeout=30)
        fleet.wait_for(lambda: self.client().get("linked") == b"1")
        failing = self.sign("none.png").apply_async(
            link_error=signature("python.note_id", app=self.app, queue="python", kwargs={"key": "failed"}))
        with self.assertRaises(Exception):
            failing.get(timeout=30)
        fleet.wait_for(lambda: self.client().get("failed") == failing.id.encode())
        back = chain(signature("python.name", app=self.app, queue="python", args=("a.png",)),
                     self.sign("d.png"), app=self.app).apply_async()
        self.assertEqual("d.png", back.get(timeout=30)["output"])
        spread = chain(self.sign("a.png", "e.png"),
                       chord([signature("python.restored", app=self.app, queue="python")] * 2,
                             signature("python.total", app=self.app, queue="python"))).apply_async()
        self.assertEqual(2, spread.get(timeout=30))

    # ---------------------------------------------------------------- remote control

    def test_inspect(self):
        worker = self.worker("--concurrency=2")
        self.photo()
        self.slow_photo()
        sent = self.send("slow.png", "b.png", {"strength": 70})
        go_on = self.catch_at_work(sent, worker)
        look = self.app.control.inspect(timeout=1)
        self.assertEqual({worker.name: {"ok": "pong"}}, look.ping())
        (active,) = look.active()[worker.name]
        self.assertEqual((sent.id, "gpen.enhance", False), (active["id"], active["name"], active["acknowledged"]))
        self.assertIn(active["worker_pid"], worker.children())
        self.assertIn("'strength': 70", active["args"])
        stats = look.stats()[worker.name]
        self.assertEqual((2, 4, {"gpen.enhance": 1}),
                         (stats["pool"]["max-concurrency"], stats["prefetch_count"], stats["total"]))
        self.assertEqual(worker.process.pid, stats["pid"])
        self.assertEqual(["gpen.enhance", "gpen.detect"], look.registered()[worker.name])
        self.assertEqual("gpen", look.active_queues()[worker.name][0]["name"])
        self.assertEqual([], look.reserved()[worker.name])
        self.assertEqual("active", look.query_task(sent.id)[worker.name][sent.id][0])
        self.assertEqual("gpen", look.conf()[worker.name]["task_default_queue"])
        self.assertIn("KeyError", str(look._request("no_such_method")))
        self.assertIsNone(self.app.control.inspect(destination=["other@test"], timeout=0.5).ping())
        globbed = self.app.control.inspect(pattern="w*@test", matcher="glob", timeout=3).ping()
        self.assertEqual({worker.name: {"ok": "pong"}}, globbed)
        done = subprocess.run([sys.executable, "-m", "celery", "-b", self.redis.url, "inspect", "ping"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertIn(worker.name, done.stdout, done.stderr)
        go_on()
        sent.get(timeout=60)

    def test_a_health_check(self):
        self.worker()
        address = f"redis://127.0.0.1:{self.redis.port}/0"
        self.assertEqual("pong\n", self.gpen("worker", "--ping", "--broker", address, "--name", "w1@test").out)
        self.assertIn("does not answer",
                      self.gpen("worker", "--ping", "--broker", address, "--name", "no@test", expect=3).err)
        self.assertEqual([], [key for key in self.client().keys("*") if b"reply" in key and b"binding" not in key])

    def test_told_to_stop(self):
        worker = self.worker(prefetch=3)
        self.slow_photo()
        sent = [self.send("slow.png", f"{i}.png") for i in range(3)]
        self.catch_at_work(sent[0], worker)()
        self.app.control.shutdown(destination=[worker.name])
        self.assertEqual(0, worker.process.wait(timeout=60), worker.text())
        states = [self.state(one) for one in sent]
        self.assertEqual(states.count("SUCCESS"), 3 - self.client().llen("gpen"))
        self.assertEqual(0, self.client().hlen("unacked"))
        self.worker()
        for one in sent:
            one.get(timeout=60)

    def test_signals_stop_it_too(self):
        for number in (15, 2):
            worker = self.worker()
            self.assertEqual(0, worker.kill(number), worker.text())

    # ---------------------------------------------------------------- events

    def test_events_by_celerys_own_receiver(self):
        self.photo()
        seen, done = [], threading.Event()

        def receive():
            # Its Redis goes before it does.
            with contextlib.suppress(redis.exceptions.RedisError), self.app.connection_for_read() as connection:
                receiver = self.app.events.Receiver(connection, handlers={"*": seen.append})
                for _ in receiver.consume(limit=None, timeout=None, wakeup=False):
                    if done.is_set():
                        return
        listener = threading.Thread(target=receive, daemon=True)
        listener.start()
        fleet.wait_for(lambda: self.client().pubsub_numpat())
        worker = self.worker()
        self.assertEqual([{worker.name: {"ok": "task events enabled"}}], self.app.control.enable_events(reply=True, timeout=10, limit=1))
        good, bad = self.send("a.png", "b.png"), self.send("none.png")
        gone = self.send("a.png", "c.png", expires=-5)
        good.get(timeout=30)

        def kinds(sent):
            return [event["type"] for event in seen if event.get("uuid") == sent.id]
        fleet.wait_for(lambda: "task-succeeded" in kinds(good) and "task-failed" in kinds(bad) and
                       "task-revoked" in kinds(gone))
        self.assertEqual(["task-received", "task-started", "task-succeeded"], kinds(good))
        self.assertEqual(["task-received", "task-failed"], kinds(bad))
        received = next(event for event in seen if event["type"] == "task-received")
        self.assertEqual(("gpen.enhance", worker.name), (received["name"], received["hostname"]))
        failed = next(event for event in seen if event["type"] == "task-failed")
        self.assertIn("input_missing", failed["exception"])
        fleet.wait_for(lambda: any(event["type"] == "worker-heartbeat" for event in seen))
        worker.kill(15)
        fleet.wait_for(lambda: any(event["type"] == "worker-offline" for event in seen))
        done.set()
        self.assertIn("worker-online", [event["type"] for event in seen])
        state = self.app.events.State()
        for event in seen:
            state.event(event)
        self.assertEqual("gpen", state.workers[worker.name].sw_ident)
        clocks = [event["clock"] for event in seen if event["hostname"] == worker.name]
        self.assertEqual(sorted(clocks), clocks)

    # ---------------------------------------------------------------- beside a worker in Python

    def python_worker(self):
        """Celery's own, on a queue of its own."""
        (self.root / "python_tasks.py").write_text(textwrap.dedent(f"""
            import celery, redis
            app = celery.Celery("python", broker="{self.redis.url}", backend="{self.redis.url}")
            app.conf.update(task_default_queue="python")
            client = redis.Redis(port={self.redis.port})

            @app.task(name="python.sum")
            def add(results):
                return sum(one["restored"] for one in results)

            @app.task(name="python.total")
            def total(numbers):
                return sum(numbers)

            @app.task(name="python.double")
            def double(number):
                return 2 * number

            @app.task(name="python.restored")
            def restored(result):
                return result["restored"]

            @app.task(name="python.name")
            def name(name):
                return name

            @app.task(name="python.note")
            def note(result, key):
                client.set(key, result["restored"])

            @app.task(name="python.note_id")
            def note_id(task, key):
                client.set(key, task)
            """))
        log = (self.root / "python.log").open("wb")
        process = subprocess.Popen([sys.executable, "-m", "celery", "-A", "python_tasks", "worker", "-P", "solo", "-Q",
                                    "python", "-n", "python@test", "-E"], cwd=self.root, stdout=log, stderr=log,
                                   env={**os.environ, "C_FORCE_ROOT": "1"})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        fleet.wait_for(lambda: self.app.control.inspect(destination=["python@test"], timeout=0.5).ping(), 60)
        return process

    def test_a_worker_in_python_is_undisturbed(self):
        self.worker(visibility_timeout=1)
        self.python_worker()
        self.photo()
        both = [self.send(number, task="python.double", queue="python") for number in range(20)]
        ours = [self.send("a.png", f"{i}.png") for i in range(5)]
        self.assertEqual([2 * number for number in range(20)], [one.get(timeout=30) for one in both])
        for one in ours:
            one.get(timeout=30)
        names = set(self.app.control.inspect(timeout=1).ping())
        self.assertEqual({"w1@test", "python@test"}, names)
        held = self.send(1, task="python.double", queue="python", countdown=3)
        time.sleep(2)  # longer than our own visibility timeout: theirs is theirs
        self.assertEqual(1, self.client().hlen("unacked"))
        self.assertEqual(2, held.get(timeout=30))
        self.assert_empty("python")

    def test_tasks_in_other_queues_are_untouched(self):
        self.worker()
        self.photo()
        elsewhere = self.send("a.png", "b.png", queue="python")
        self.assertEqual(1, self.send("a.png", "c.png").get(timeout=30)["restored"])
        self.assertEqual(1, self.client().llen("python"))
        self.assertEqual("PENDING", self.state(elsewhere))


if __name__ == "__main__":
    fleet.main()

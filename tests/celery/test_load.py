"""Many small tasks: none is lost, and what the broker costs is printed. (Nothing here judges a time.)

GPEN_CELERY_SMALL sets how many (5000 for the measurement)."""
import os
import time

import fleet

MANY = int(os.environ.get("GPEN_CELERY_SMALL", "500"))


class Load(fleet.FleetTest):
    def test_tasks_that_were_done_before(self):
        """All with one key, so that there is no work in them but the broker's."""
        worker = self.worker(prefetch=int(os.environ.get("GPEN_CELERY_PREFETCH", "1")))
        self.photo()
        first = self.send("a.png", "b.png", None, "key").get(timeout=30)
        worker.kill(15)
        sent = [self.send("a.png", "b.png", None, "key") for _ in range(MANY)]
        client, before = self.client(), time.monotonic()
        started = self.worker(ready=False, prefetch=int(os.environ.get("GPEN_CELERY_PREFETCH", "1")))
        fleet.wait_for(lambda: client.llen("gpen") < MANY, 60, 0.0005)
        begun = time.monotonic()
        fleet.wait_for(lambda: client.llen("gpen") == 0 and client.hlen("unacked") == 0, 300, 0.002)
        seconds = time.monotonic() - begun
        cpu = sum(int(number) for number in open(f"/proc/{started.process.pid}/stat").read().split()[13:15])
        print(f"{MANY} tasks in {seconds:.2f} s: {1000 * seconds / MANY:.3f} ms each, of which the worker's processor time "
              f"{1000 * cpu / os.sysconf('SC_CLK_TCK') / MANY:.3f} ms; it took {begun - before:.1f} s to begin")
        metas = client.mget([f"celery-task-meta-{one.id}" for one in sent])
        self.assertNotIn(None, metas)
        self.assertEqual(first, sent[-1].get(timeout=30))


if __name__ == "__main__":
    fleet.main()

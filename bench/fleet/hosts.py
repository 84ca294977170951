"""One worker host against two: a batch of photos by each. A host is a network namespace with a worker of one thread and one of this
machine's processors, which it does not leave. Needs root, and taskset.

    sudo /usr/bin/python3 bench/fleet/hosts.py build/gpen PHOTO [PHOTOS]

Prints seconds and their ratio. Redis and the sender share the processors with them."""
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "celery"))
PHOTO, PHOTOS = Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 40
sys.argv[2:] = []
import fleet  # noqa: E402


class Hosts(fleet.FleetTest):
    def environment(self, **changes):
        whole = super().environment(**changes)
        whole["GPEN_ASSETS"] = str(Path(__file__).resolve().parents[2] / "assets" / "weights")
        return whole

    def install_detector(self):
        pass

    def host(self, number):
        """A worker behind a cable of its own."""
        name, place = f"gpen{os.getpid() % 10000}{number}", f"10.213.{80 + number}."

        def ip(*words):
            subprocess.run(["ip", *words], check=True, capture_output=True)
        ip("netns", "add", name)
        self.addCleanup(subprocess.run, ["ip", "netns", "del", name], check=False)
        ip("link", "add", f"{name}o", "type", "veth", "peer", "name", f"{name}i", "netns", name)
        ip("addr", "add", place + "1/24", "dev", f"{name}o")
        ip("link", "set", f"{name}o", "up")
        ip("-n", name, "addr", "add", place + "2/24", "dev", f"{name}i")
        ip("-n", name, "link", "set", f"{name}i", "up")
        self.addresses.append(place + "1")
        self.client().config_set("bind", " ".join(self.addresses))
        return self.worker("--broker", f"redis://{place}1:{self.redis.port}/0", "--threads", "1",
                           prefix=("ip", "netns", "exec", name, "taskset", "-c", str(number - 1)))

    def batch(self, name):
        begun = time.monotonic()
        sent = [self.send(PHOTO.name, f"{name}/{i}{PHOTO.suffix}") for i in range(PHOTOS)]
        for one in sent:
            one.get(timeout=600)
        return time.monotonic() - begun

    def test_hosts(self):
        self.addresses = ["127.0.0.1"]
        self.client().config_set("protected-mode", "no")
        shutil.copy(PHOTO, self.photos / PHOTO.name)
        self.host(1)
        self.batch("warm")
        one = self.batch("one")
        self.host(2)
        two = self.batch("two")
        print(f"{PHOTOS} photos: one host {one:.2f} s, two hosts {two:.2f} s: {one / two:.2f} times as fast")


if __name__ == "__main__":
    fleet.main()

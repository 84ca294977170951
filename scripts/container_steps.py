"""Carries out a Dockerfile's steps in folders, by chroot: what scripts/container-root.sh calls, with a Debian in SCRATCH/base.

Knows the instructions that deploy/Dockerfile uses, and stops at any other."""
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path


def instructions(text):
    """(word, rest) of each instruction; comments and continued lines are taken care of."""
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.M)
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word.upper(), rest.strip()


class Stage:
    def __init__(self, scratch, number, base):
        self.root = scratch / f"stage{number}"
        subprocess.run(["cp", "-a", base, self.root], check=True)
        subprocess.run(["mount", "-t", "proc", "proc", self.root / "proc"], check=True)
        subprocess.run(["mount", "--rbind", "/dev", self.root / "dev"], check=True)
        self.environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                            "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
        self.environment.update({name: os.environ[name] for name in ("http_proxy", "https_proxy") if name in os.environ})
        self.folder, self.user, self.entry = "/", None, []

    def inside(self, *words):
        """What runs the words as the stage's user, in its folder."""
        user = [f"--userspec={self.user}:{self.user}"] if self.user else []
        return ["chroot", *user, self.root, "/bin/sh", "-c", 'cd "$0" && exec "$@"', self.folder, *words]

    def run(self, *words, check=True):
        return subprocess.run(self.inside(*words), env=self.environment, check=check, stdin=subprocess.DEVNULL)

    def start(self, *words):
        return subprocess.Popen(self.inside(*words), env=self.environment, stdin=subprocess.DEVNULL)

    def place(self, path):
        return self.root / os.path.join(self.folder, path).lstrip("/")


def copy(stage, rest, stages, repository):
    source = stages.get(re.match(r"--from=(\S+)", rest).group(1)) if rest.startswith("--from=") else None
    where, to = rest.split()[-2:]
    target = stage.place(to)
    target.mkdir(parents=True, exist_ok=True)
    if source:
        subprocess.run(["cp", "-a", f"{source.place(where)}/.", target], check=True)
        return
    # The last commit counts, not what lies about in the working tree.
    archive = subprocess.Popen(["git", "-c", f"safe.directory={repository}", "-C", repository, "archive", "HEAD"],
                               stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", target], stdin=archive.stdout, check=True)
    assert archive.wait() == 0


def build(text, repository, scratch):
    stages, stage = {}, None
    for word, rest in instructions(text):
        print(f"container-root: {word} {' '.join(rest.split())[:110]}", flush=True)
        if word == "FROM":
            stage = Stage(scratch, len(stages), scratch / "base")
            stages[rest.split()[2] if " AS " in rest else f"last{len(stages)}"] = stage
        elif word == "RUN":
            stage.run("/bin/sh", "-c", rest)
        elif word == "COPY":
            copy(stage, rest, stages, repository)
        elif word == "WORKDIR":
            stage.folder = rest
            stage.place(".").mkdir(parents=True, exist_ok=True)
        elif word == "ENV":
            stage.environment.update(pair.split("=", 1) for pair in rest.split())
        elif word == "USER":
            stage.user = rest
        elif word == "ENTRYPOINT":
            stage.entry = [part.strip('" ') for part in rest.strip("[]").split(",")]
        elif word not in ("ARG", "VOLUME", "CMD"):
            sys.exit(f"container-root: {word} is not understood")
    return stage


def watch_a_worker(stage, port=17861):
    """A worker without its queue is alive, and says why it is not ready."""
    worker = stage.start(*stage.entry, "worker", "--broker", "redis://127.0.0.1:1/0", "--metrics", str(port))
    try:
        for _ in range(100):
            time.sleep(0.2)
            try:
                answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).read()
                break
            except OSError:
                assert worker.poll() is None, "the worker ended"
        print(f"container-root: a worker is alive: {answer.decode()}")
        assert stage.run(*stage.entry, "worker", "--ping", "--metrics", str(port), check=False).returncode == 3
    finally:
        worker.terminate()
        worker.wait(timeout=60)


def main():
    repository, scratch, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    stage = build((Path(repository) / "deploy/Dockerfile").read_text(), repository, scratch)
    # As the container is run: nothing but its volume and its temporary folder can be written to.
    for folder in ("data", "tmp"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", stage.root / folder], check=True)
    subprocess.run(["mount", "--bind", stage.root / "usr", stage.root / "usr"], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", stage.root / "usr"], check=True)
    photo = Path(repository) / "assets/example/photo-degraded.jpg"
    shutil.copy(photo, stage.root / "data/photo.jpg")
    stage.environment["HOME"] = "/nonexistent"
    stage.run(*stage.entry, "enhance", "photo.jpg", "-o", "restored.jpg")
    watch_a_worker(stage)
    shutil.copy(stage.root / "data/restored.jpg", out / "restored.jpg")
    print(f"container-root: a photo was restored by user {stage.user}: {out / 'restored.jpg'}")


if __name__ == "__main__":
    main()

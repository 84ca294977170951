"""The engines that take turns: each is fed the same input, runs the network when its turn comes, says how long each run took, and can
write what it computed. Its own file because the comparison needs to know nothing of processes."""
import json
import os
import shutil
import statistics
import subprocess
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


class Unavailable(Exception):
    """The engine is not on this machine; says why."""


class Program:
    """gpen itself: `gpen bench`, a process a turn, so its peak memory is that of every other run of the program."""

    def __init__(self, program, case, weights, threads, precision):
        self.label, self.engine, self.form, self.precision = "gpen", "gpen", "", precision
        self.command = [program, "bench", "--json", "--model", weights, "--threads", str(threads)]
        if offers_precision(program):
            self.command += ["--precision", precision]
        if case.kind == "detector":
            self.command += ["--size", f"{case.width}x{case.height}"]
        self.last = None

    def bench(self, *options):
        done = subprocess.run(self.command + list(options), capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(done.stderr.strip())
        return json.loads(done.stdout)

    def turn(self, runs):
        self.last = self.bench("--runs", str(runs), "--warmup", "1")
        return self.last["seconds"]

    def save(self, path):
        self.bench("--runs", "1", "--warmup", "0", "--output", path)
        return np.fromfile(path, np.float32)

    def layers(self):
        return self.bench("--runs", "3", "--warmup", "1", "--layers")["layers"]

    def facts(self):
        return {"peak_mib": self.last["peak_mib"], "level": self.last["level"]}

    def close(self):
        pass


class Server:
    """Another engine in a process of its own that keeps the network loaded and runs it line by line."""

    def __init__(self, label, engine, form, command):
        self.label, self.engine, self.form, self.precision = label, engine, form, "fp32"
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = json.loads(self.answer())["version"]

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.label} ended with status {self.process.wait()}")
        return line

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        return self.answer()

    def turn(self, runs):
        self.ask("run")                               # the caches hold another engine's numbers
        return [float(self.ask("run")) for _ in range(runs)]

    def save(self, path):
        self.ask("run")
        self.ask("save " + path)
        return np.fromfile(path, np.float32)

    def facts(self):
        return {"peak_mib": peak_memory(self.process.pid), "version": self.version}

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def offers_precision(program):
    return "--precision" in subprocess.run([program, "bench", "--help"], capture_output=True, text=True, check=True).stdout


def find_programs(program, case, models, threads):
    """This program in each precision that it and the processor have for the network."""
    weights = os.path.join(models, case.name + ".pth")
    found = [Program(program, case, weights, threads, "fp32")]
    if case.kind != "detector" and offers_precision(program):
        reduced = Program(program, case, weights, threads, "bf16")
        try:
            reduced.bench("--runs", "1", "--warmup", "0")
            found.append(reduced)
        except Unavailable as reason:
            print(f"without bf16: {reason}")
    return found


def peak_memory(process):
    """MiB, or None where the system does not say."""
    try:
        with open(f"/proc/{process}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return None


def pytorch(case, models, threads):
    return Server("PyTorch", "pytorch", "published",
                  [sys.executable, os.path.join(HERE, "torch_server.py"), case.name, os.path.join(models, case.name + ".pth"),
                   os.path.join(models, case.name + ".input"), str(threads)])


def onnx_runtime(case, form, models, modules, threads):
    kind = "folded" if form.endswith("-folded") else "published"
    label = "ONNX Runtime, folded" if kind == "folded" else "ONNX Runtime"
    return Server(label, "onnxruntime", kind,
                  ["node", os.path.join(HERE, "ort_server.mjs"), modules, os.path.join(models, form + ".onnx"),
                   os.path.join(models, case.name + ".input"), str(case.width), str(case.height), str(threads)])


def find_onnx_runtime(folder):
    """The node_modules folder with onnxruntime-node below `folder`; installs it there when it is not. Raises Unavailable."""
    modules = os.path.join(folder, "node_modules")
    if not shutil.which("node"):
        raise Unavailable("node is not installed")
    if not os.path.isdir(os.path.join(modules, "onnxruntime-node")):
        if not shutil.which("npm"):
            raise Unavailable("npm is not installed")
        os.makedirs(folder, exist_ok=True)
        # The package brings the engine for the processor; its scripts would only fetch the one for a graphics card.
        done = subprocess.run(["npm", "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "onnxruntime-node"],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable("npm could not install onnxruntime-node: " + (done.stderr.strip().splitlines() or ["no reason given"])[-1])
    return modules


def sum_up(seconds):
    return {"median_s": statistics.median(seconds), "min_s": min(seconds), "runs": len(seconds), "seconds": seconds}

#!/usr/bin/env python3
"""What share of the processor's peak each class of layers reaches, in executed products.

    bench/layers.py build/gpen --model FILE [--precision fp32|bf16] [--threads N] [--processes K] [--size WxH]

Runs `gpen bench --layers --json` in K processes (5), takes each step's least time, adds up by class and prints a Markdown table. Winograd's
transforms count as time and not as work, and steps without products have no share: see docs/PERFORMANCE.md. Stop everything else first."""
import argparse
import json
import re
import subprocess
import sys

SMALL = 16  # rows and columns of a small plane

VECTORS = ("dense", "demodulate", "pixel norm", "flatten", "constant")
PICTURES = ("to_rgb", "where read", "image", "upsample")


def layer_class(name):
    """The class that a step's name, as --layers prints it, belongs to."""
    shape = re.match(r"(winograd|product) (\d+)x\2( up| down)? \d+->\d+ @(\d+)x(\d+)$", name)
    if not shape:
        kind = re.match(r"[a-z_ ]*[a-z]", name).group()
        if kind.startswith(PICTURES):
            return "pictures: to and from three planes"
        if kind.startswith(VECTORS):
            return "vectors: styles, demodulation"
        return {"blur": "FIR"}.get(kind, kind)
    way, kernel, turn, rows, columns = shape.groups()
    way = "Winograd" if way == "winograd" else "product"
    if int(rows) <= SMALL and int(columns) <= SMALL:
        return f"small planes, to {SMALL}x{SMALL}"
    if turn:
        return f"{'transposed' if turn == ' up' else 'stride 2'}, {way}"
    if kernel != "3":
        return f"{kernel}x{kernel}, {way}"
    return f"3x3 {way}, {rows}x{columns}"


def least_times(command, processes):
    """The steps with the least of their times, and the greatest peak."""
    steps, peak = None, 0
    for _ in range(processes):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr.strip())
        report = json.loads(done.stdout)
        peak = max(peak, report["peak_gflops"])
        if steps:
            for step, again in zip(steps, report["layers"]):
                step["seconds"] = min(step["seconds"], again["seconds"])
        else:
            steps = report["layers"]
    return steps, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("program")
    parser.add_argument("--model", required=True)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--threads", default="2")
    parser.add_argument("--processes", type=int, default=5)
    parser.add_argument("--size", help="of a detector's picture")
    options = parser.parse_args()
    command = [options.program, "bench", "--json", "--layers", "--runs", "3", "--model", options.model, "--threads",
               options.threads, "--precision", options.precision]
    if options.size:
        command += ["--size", options.size]
    steps, peak = least_times(command, options.processes)
    classes = {}
    for step in steps:
        sums = classes.setdefault(layer_class(step["name"]), [0, 0.0, 0.0])
        sums[0] += 1
        sums[1] += step["seconds"]
        sums[2] += step["gflop_executed"]
    whole = sum(step["seconds"] for step in steps)
    print(f"{options.precision}, {options.threads} threads: {1e3 * whole:.1f} ms, peak {peak:.0f} GFLOP/s\n")
    print("| layers | steps | ms | share of the time | share of the peak |\n| --- | --- | --- | --- | --- |")
    for name, (count, seconds, gflop) in sorted(classes.items(), key=lambda item: -item[1][1]):
        print(f"| {name} | {count} | {1e3 * seconds:.1f} | {seconds / whole:.0%} | {gflop / seconds / peak:.0%} |"
              if seconds else f"| {name} | {count} | 0 | | |")


if __name__ == "__main__":
    main()

"""The same networks in this program, ONNX Runtime and PyTorch, in turns, in one run.

    GPEN_SHARED=FOLDER /usr/bin/python3 bench/peers/compare.py [--only NAME] [--rounds R] [--runs K] [--threads N] [--sweep]

Random weights of the published shapes (export.py), one input for all. Before anything is timed the engines' outputs are compared:
relative L2 against PyTorch's float32. Then, in each round, every engine has its turn: one run that is not timed, K that are
(PyTorch, which is slower by far, has one). Medians are over all rounds. A share is a median divided by ONNX Runtime's in float32, in the form that
it is fastest with; cases.py says how large this program's may be.

--sweep times GPEN-256, 512 and 1024 with 1, 2, 4 ... threads instead, without PyTorch. --only NAME does one network (see cases.py),
so that a comparison can be made in pieces. Everything is written to build/peers/results.json, a piece beside the others, for
plot.py. Exits 1 when outputs disagree or a bound is missed, 77 when PyTorch or the reference is not there. Without node or npm
ONNX Runtime is left out, and so are the shares.

Be fair to PyTorch: with Debian's reference BLAS instead of OpenBLAS (package libopenblas0-pthread) its transposed convolutions
take five times as long."""
import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "tests", "parity")]
try:
    import numpy as np
    from detector_parser_parity import anchors_of, relative_l2
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)
from cases import BY_NAME, CASES, SWEPT, forms, strongest_form
from engines import Unavailable, find_onnx_runtime, find_programs, onnx_runtime, pytorch, sum_up

AGREEMENT = {"fp32": 1e-4, "bf16": 2e-2}      # relative L2 of the whole network
OTHER_CLASSES = {"fp32": 1e-3, "bf16": 5e-2}  # of a parser, whose classes alone come out of this program: share of the pixels
CLASSES = 19
SETTLE = 0.25                                 # seconds in which an engine's waiting threads fall asleep


# ---------------------------------------------------------------- do they compute the same?


def parts(case, numbers):
    """PyTorch's and ONNX Runtime's output in parts that are compared by themselves."""
    if case.kind != "detector":
        return [numbers]
    anchors = len(numbers) // 15                  # four numbers of a box, one score, ten of five points
    return np.split(numbers, [4 * anchors, 5 * anchors])


def disagreement(engine, case, numbers, reference):
    """How far the engine is from PyTorch, and how far it may be."""
    if engine.engine != "gpen" or case.kind == "restorer":
        found = parts(case, numbers)
    elif case.kind == "detector":
        found = anchors_of(numbers, case.height, case.width)
    else:
        classes = reference.reshape(CLASSES, -1).argmax(0)
        return float((numbers != classes).mean()), OTHER_CLASSES[engine.precision]
    return max(float(relative_l2(*pair)) for pair in zip(found, parts(case, reference))), AGREEMENT[engine.precision]


def check_agreement(engines, case, folder):
    """{engine: error} of all but PyTorch; exits when one is too far off, for its time would mean nothing."""
    path = os.path.join(folder, "output")
    reference = next(engine for engine in engines if engine.engine == "pytorch").save(path)
    errors = {}
    for engine in engines:
        if engine.engine == "pytorch":
            continue
        error, bound = disagreement(engine, case, engine.save(path), reference)
        if not error <= bound:
            sys.exit(f"{case.title}: {engine.label}, {engine.precision}, is {error:.1e} from PyTorch; at most {bound:.0e} is allowed")
        errors[engine] = error
    os.remove(path)
    return errors


# ---------------------------------------------------------------- taking turns


def start_all(case, options, threads, with_pytorch):
    """Every engine that is there, this program first."""
    engines = find_programs(options.program, case, options.models, threads)
    if options.modules:
        wanted = forms(case) if with_pytorch else [strongest_form(case)]
        engines += [onnx_runtime(case, form, options.models, options.modules, threads) for form in wanted]
    return engines + ([pytorch(case, options.models, threads)] if with_pytorch else [])


def take_turns(engines, options, title):
    """{engine: its seconds}"""
    seconds = {engine: [] for engine in engines}
    for number in range(1, options.rounds + 1):
        for engine in engines:
            time.sleep(SETTLE)
            seconds[engine] += engine.turn(1 if engine.engine == "pytorch" else options.runs)
        print(f"{title}, round {number}: " + ", ".join(f"{engine.label} {engine.precision} {seconds[engine][-1]:.4f} s"
                                                       for engine in engines), flush=True)
    return seconds


def judged(rows, case):
    """Gives each of this program's rows its share of ONNX Runtime's time, and what it may be."""
    form = "folded" if strongest_form(case).endswith("-folded") else "published"
    peer = next((row for row in rows if row["engine"] == "onnxruntime" and row["form"] == form), None)
    for row in rows:
        row["share"] = row["median_s"] / peer["median_s"] if peer else None
        row["bound"] = case.bounds.get(row["precision"]) if row["engine"] == "gpen" else None
    return rows


def compare(case, options):
    engines = start_all(case, options, options.threads, True)
    try:
        errors = check_agreement(engines, case, options.folder)
        seconds = take_turns(engines, options, case.title)
        rows = [{"label": engine.label, "engine": engine.engine, "form": engine.form, "precision": engine.precision,
                 "error": errors.get(engine), **sum_up(seconds[engine]), **engine.facts()} for engine in engines]
        layers = {engine.precision: engine.layers() for engine in engines if engine.engine == "gpen"}
    finally:
        for engine in engines:
            engine.close()
    return {"title": case.title, "kind": case.kind, "threads": options.threads, "rows": judged(rows, case), "layers": layers}


def sweep(case, options):
    """[{threads, rows}] for 1, 2, 4 ... and all threads."""
    steps = []
    for threads in sorted({min(1 << i, options.threads) for i in range(options.threads.bit_length() + 1)}):
        engines = start_all(case, options, threads, False)
        try:
            seconds = take_turns(engines, options, f"{case.title}, threads {threads}")
            rows = [{"label": engine.label, "engine": engine.engine, "form": engine.form, "precision": engine.precision,
                     **sum_up(seconds[engine])} for engine in engines]
        finally:
            for engine in engines:
                engine.close()
        steps.append({"threads": threads, "rows": rows})
    return {"title": case.title, "width": case.width, "steps": steps}


# ---------------------------------------------------------------- the machine


def measure_roof(options):
    """What the processor can do at most, by bench/peers/roof.c; None without a compiler."""
    program = os.path.join(options.folder, "roof")
    compiler = os.environ.get("CC", "cc").split()
    try:
        subprocess.run(compiler + ["-std=gnu17", "-O3", "-march=native", "-pthread", os.path.join(HERE, "roof.c"), "-o", program], check=True)
        return json.loads(subprocess.run([program, str(options.threads)], check=True, capture_output=True, text=True).stdout)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"the processor's peak was not measured: {error}")
        return None


def processor_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def machine_facts(options):
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return {"processor": processor_name(), "processors": os.cpu_count(), "system": platform.platform(), "load": os.getloadavg()[0],
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "commit": commit.stdout.strip() or None, "rounds": options.rounds, "runs": options.runs}


# ---------------------------------------------------------------- telling


def print_table(result):
    print(f"\n{result['title']}, {result['threads']} threads")
    print(f"  {'':22} {'':5} {'MEDIAN s':>9} {'LEAST s':>9} {'SHARE':>6} {'MAY BE':>6} {'PEAK MiB':>9} {'ERROR':>8}")
    for row in result["rows"]:
        share = f"{row['share']:.2f}" if row["share"] is not None else "-"
        bound = f"{row['bound']:.2f}" if row["bound"] is not None else "-"
        peak = f"{row['peak_mib']:.0f}" if row["peak_mib"] is not None else "-"
        error = f"{row['error']:.1e}" if row["error"] is not None else "-"
        print(f"  {row['label']:22} {row['precision']:5} {row['median_s']:9.4f} {row['min_s']:9.4f} {share:>6} {bound:>6} {peak:>9} {error:>8}"
              + ("   MISSED" if missed(row) else ""))
    print(flush=True)


def missed(row):
    return row["share"] is not None and row["bound"] is not None and row["share"] > row["bound"]


def keep(path, change):
    """Puts a piece into the results file, beside those of other runs."""
    try:
        with open(path, encoding="utf-8") as file:
            results = json.load(file)
    except FileNotFoundError:
        results = {"networks": {}, "sweep": {}}
    change(results)
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    os.replace(path + ".part", path)


def read_options():
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser = argparse.ArgumentParser(description="The same networks in gpen, ONNX Runtime and PyTorch, in turns.")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--only", metavar="NAME", choices=sorted(BY_NAME), help="one network: " + ", ".join(BY_NAME))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=3, help="timed runs a turn")
    parser.add_argument("--threads", type=int, default=available)
    parser.add_argument("--sweep", action="store_true", help="time against threads and size")
    options = parser.parse_args()
    options.program = os.path.join(options.build, "gpen")
    options.folder = os.path.join(options.build, "peers")
    options.models = os.path.join(options.folder, "models")
    options.results = os.path.join(options.folder, "results.json")
    return options


def main():
    options = read_options()
    cases = [case for case in (SWEPT if options.sweep else CASES) if options.only in (None, case.name)]
    try:
        options.modules = find_onnx_runtime(options.folder)
    except Unavailable as reason:
        options.modules = None
        print(f"without ONNX Runtime, and so without shares: {reason}")
    subprocess.run([sys.executable, os.path.join(HERE, "export.py"), options.models] + [case.name for case in cases], check=True)
    good = True
    for case in cases:
        machine = machine_facts(options)
        if options.sweep:
            piece = {"machine": machine, **sweep(case, options)}
            keep(options.results, lambda results: results["sweep"].update({case.name: piece}))
            continue
        piece = {"machine": machine, "roof": measure_roof(options), **compare(case, options)}
        keep(options.results, lambda results: results["networks"].update({case.name: piece}))
        print_table(piece)
        good &= not any(missed(row) for row in piece["rows"])
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

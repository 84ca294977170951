#!/usr/bin/env python3
"""gpen doctor, gpen bench, and the help."""
import json
import math
import os
import re
import shutil
import sys
import unittest
from array import array
from pathlib import Path

import support

# What this build has: "pictures" (and with them batches), "serve", "worker".
built = [word for word in sys.argv[2:] if word in ("pictures", "serve", "worker")]
for word in built:
    sys.argv.remove(word)
pictures_known = "pictures" in built

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "gpen.1"


class Doctor(support.CommandLineTest):
    def findings(self, **options):
        outcome = self.gpen("doctor", "--json", **options)
        return {finding["name"]: finding for finding in json.loads(outcome.out)["findings"]}

    def test_a_machine_in_order(self):
        findings = self.findings(GPEN_CPU="")
        self.assertEqual({"processor", "instructions", "precision", "memory", "pictures", "restorer", "detector", "parser", "self-test", "plan",
                          "sandbox", "data", "cache", "state"},
                         set(findings))
        self.assertNotIn("problem", {finding["state"] for finding in findings.values()})
        self.assertIn(str(self.home), findings["data"]["text"])
        self.assertEqual(("note", "warning", "note"),
                         tuple(findings[name]["state"] for name in ("restorer", "detector", "parser")))
        self.assertIn("gpen models import", findings["detector"]["text"])
        text = self.gpen("doctor").out
        self.assertIn("[ok]  self-test", text)

    def test_the_plan_says_how_a_batch_would_run(self):
        report = json.loads(self.gpen("doctor", "--json", LC_ALL="C").out)
        plan = report["plan"]
        text = {finding["name"]: finding["text"] for finding in report["findings"]}["plan"]
        self.assertEqual(plan["text_en"], text)
        self.assertGreaterEqual(plan["workers"], 1)
        self.assertLessEqual(plan["workers"] * plan["threads"], max(plan["cores"], plan["workers"]))
        self.assertIn(plan["precision"], ("fp32", "bf16"))
        self.assertEqual((plan["model"], plan["batch_size"]), ("gpen-mini", 1))
        self.assertGreater(min(plan["weight_mebibytes"], plan["arena_mebibytes"]), 0)
        self.assertGreater(plan["needed_mebibytes"], plan["weight_mebibytes"] + plan["arena_mebibytes"])
        for said in (f"{plan['workers']} worker", plan["precision"], f"{plan['weight_mebibytes']} for its weights"):
            self.assertIn(said, text)
        chinese = json.loads(self.gpen("doctor", "--json", LC_ALL="zh_CN.UTF-8").out)
        text = {finding["name"]: finding["text"] for finding in chinese["findings"]}["plan"]
        self.assertEqual(chinese["plan"]["text_zh"], text)
        self.assertIn("个工作进程", text)

    def test_without_a_model_there_is_no_plan(self):
        (self.assets / "gpen-mini.safetensors").write_bytes(b"broken")
        report = json.loads(self.gpen("doctor", "--json", expect=1).out)
        self.assertIsNone(report["plan"])

    def test_an_installed_detector(self):
        self.install_detector()
        finding = self.findings()["detector"]
        self.assertEqual("ok", finding["state"])
        self.assertIn("marks", finding["text"])
        support.write_safetensors(self.home / "data" / "models" / "edges.safetensors", support.one_class_parser(1))
        self.assertIn("edges finds a face's edge", self.findings()["parser"]["text"])
        path = self.home / "data" / "models" / "marks.safetensors"
        path.rename(path.with_name("RetinaFace-R50.safetensors"))
        self.assertIn("RetinaFace-R50", self.findings()["detector"]["text"])
        path.with_name("RetinaFace-R50.safetensors").write_bytes(b"broken")
        self.assertEqual("problem", self.findings(expect=1)["detector"]["state"])

    def test_a_lowered_level(self):
        findings = self.findings(GPEN_CPU="generic")
        self.assertIn("generic is used", findings["instructions"]["text"])
        self.assertEqual("warning", self.findings(GPEN_CPU="imaginary", GPEN_LOG="error")["instructions"]["state"])

    def test_a_broken_installation(self):
        (self.assets / "gpen-mini.safetensors").write_bytes(b"broken")
        findings = self.findings(expect=1)
        self.assertEqual("problem", findings["self-test"]["state"])
        shutil.rmtree(self.assets)
        self.assertEqual("problem", self.findings(expect=1)["restorer"]["state"])

    def test_a_home_that_is_a_file(self):
        self.home.write_text("in the way")
        self.assertEqual("warning", self.findings()["data"]["state"])


class Bench(support.CommandLineTest):
    def bench(self, *arguments, **options):
        return json.loads(self.gpen("bench", "--json", "--runs", "2", *arguments, **options).out)

    def test_what_it_says(self):
        result = self.bench("--layers", "--threads", "2", GPEN_CPU="generic")
        self.assertEqual(("gpen-mini", "restorer", 64, 64, "fp32", "generic", 2, 2),
                         tuple(result[key] for key in ("name", "kind", "width", "height", "precision", "level", "threads", "runs")))
        for key in ("median_s", "min_s", "peak_mib", "weight_mib", "arena_mib", "gflop_direct", "gflop_executed", "peak_gflops",
                    "share_of_peak"):
            self.assertGreater(result[key], 0, key)
        self.assertEqual(result["min_s"], result["seconds"][0])
        self.assertAlmostEqual(result["median_s"], sum(result["seconds"]) / 2)
        self.assertRegex(result["output_hash"], "^[0-9a-f]{16}$")
        self.assertGreater(len(result["layers"]), 10)
        self.assertAlmostEqual(result["gflop_direct"], sum(layer["gflop_direct"] for layer in result["layers"]),
                               delta=0.01 * result["gflop_direct"])
        self.assertNotIn("layers", self.bench())

    def test_one_output_for_any_number_of_threads(self):
        for precision in ("fp32", "auto"):
            hashes = {self.bench("--threads", threads, "--precision", precision)["output_hash"] for threads in ("1", "2", "3", "5")}
            self.assertEqual(1, len(hashes), precision)

    def test_precisions(self):
        fine = self.bench(GPEN_CPU="generic")
        self.assertEqual("fp32", self.bench("--precision", "auto", GPEN_CPU="generic")["precision"])
        self.assertIn("bf16", self.gpen("bench", "--precision", "bf16", expect=3, GPEN_CPU="generic").err)
        self.gpen("bench", "--precision", "fp8", expect=2)
        best = self.bench("--precision", "auto")
        if best["precision"] == "bf16":
            self.assertEqual("avx512-bf16", best["level"])
            self.assertLess(best["arena_mib"], fine["arena_mib"])
            self.assertNotEqual(best["output_hash"], self.bench("--precision", "fp32")["output_hash"])

    def test_another_model_gives_another_output(self):
        support.write_tiny_model(self.root / "other.safetensors", seed=9)
        other = self.bench("--model", "other.safetensors")
        self.assertEqual("other", other["name"])
        self.assertNotEqual(self.bench()["output_hash"], other["output_hash"])

    def test_for_people(self):
        text = self.gpen("bench", "--runs", "1", "--layers").out
        self.assertIn("GFLOP/s", text)
        self.assertIn("STEP", text)

    def test_refusals(self):
        self.gpen("bench", "--runs", "0", expect=2)
        self.gpen("bench", "gpen-mini", expect=2)
        self.gpen("bench", "--model", "nothing", expect=3)
        support.write_safetensors(self.root / "strange.safetensors", {"strange": ((1,), [0.0])})
        self.assertIn("no network", self.gpen("bench", "--model", "strange.safetensors", expect=3).err)
        self.gpen("bench", "--runs", "1", "--output", "nowhere/output", expect=3)
        self.install_detector()
        for size in ("31x64", "64x8193", "64", "64x", "64x64x64", "64 x 64", ""):
            self.gpen("bench", "--model", "marks", "--size", size, expect=2)
        self.assertIn("only a detector", self.gpen("bench", "--size", "64x64", expect=3).err)

    def test_a_detector_at_any_size(self):
        self.install_detector()
        result = self.bench("--model", "marks", "--size", "75x133", "--output", "output", "--layers")
        self.assertEqual(("detector", 75, 133), tuple(result[key] for key in ("kind", "width", "height")))
        self.assertGreater(len(result["layers"]), 10)
        cells = sum(math.ceil(75 / step) * math.ceil(133 / step) for step in (8, 16, 32))
        self.assertEqual(4 * (8 + 4 + 20) * cells, (self.root / "output").stat().st_size)
        self.assertEqual((1000, 640), tuple(self.bench("--model", "marks")[key] for key in ("width", "height")))

    def test_a_parser(self):
        support.write_safetensors(self.root / "parser.safetensors", support.one_class_parser(3))
        result = self.bench("--model", "parser.safetensors", "--output", "output")
        self.assertEqual(("parser", 512, 512), tuple(result[key] for key in ("kind", "width", "height")))
        self.assertEqual(array("f", [3.0]) * (512 * 512), array("f", (self.root / "output").read_bytes()))

    def test_the_output_is_what_was_hashed(self):
        result = self.bench("--output", "output")
        numbers = (self.root / "output").read_bytes()
        self.assertEqual(4 * 3 * 64 * 64, len(numbers))
        value = 0xcbf29ce484222325
        for byte in numbers:
            value = (value ^ byte) * 0x100000001b3 % 2 ** 64
        self.assertEqual(f"{value:016x}", result["output_hash"])


class Help(support.CommandLineTest):
    batches = ["batch"] + [f"batch {part}" for part in ("list", "show", "retry", "cancel", "clean")]
    commands = (["enhance", "detect"] + batches if pictures_known else []) + ["models", "models list", "models pull",
                                                                              "models import", "models verify",
                                                                              "doctor", "bench"]
    commands += [word for word in ("serve", "worker") if word in built]

    def test_every_command_explains_itself(self):
        for command in self.commands:
            text = self.gpen(*command.split(), "--help").out
            self.assertTrue(text.startswith(f"gpen {command}: "), text)
            self.assertIn("Examples", text)
            self.assertNotRegex(text, r"(?m) +$")
            self.assertLessEqual(max(map(len, text.splitlines())), 84, command)
        self.assertEqual(self.gpen("bench", "--help").out, self.gpen("help", "bench").out)

    def test_the_whole(self):
        text = self.gpen("--help").out
        for command in ("enhance", "detect", "models", "doctor", "bench"):
            self.assertIn(f"gpen {command} ", text)
        self.assertEqual(text, self.gpen("help").out)
        self.assertRegex(self.gpen("--version").out, r"^gpen \d+\.\d+\.\d+\n$")

    def test_what_is_unknown(self):
        self.gpen(expect=2)
        self.assertIn("did you mean 'gpen doctor'?", self.gpen("docter", expect=2).err)
        self.assertIn("did you mean --threads?", self.gpen("bench", "--thread", "2", expect=2).err)
        self.gpen("help", "nothing", expect=2)
        self.gpen("doctor", "--verbose", expect=2)
        self.gpen("bench", "-x", expect=2)

    @unittest.skipUnless(os.path.exists("/dev/full"), "this system has no /dev/full")
    def test_an_output_that_cannot_be_written(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = support.subprocess.run([support.PROGRAM, "--help"], env=self.environment(), stdout=full,
                                          stderr=support.subprocess.PIPE, check=False)
        self.assertEqual(1, done.returncode)

    def test_the_manual_page_knows_every_option(self):
        page = re.sub(r'(?m)^\.\\".*$', "", MANUAL.read_text(encoding="utf-8")).replace("\\-", "-")
        options = set()
        for command in self.commands:
            options |= set(re.findall(r"--[a-z][a-z-]+", self.gpen(*command.split(), "--help").out))
        for option in options:
            self.assertIn(option, page)
        if len(built) == 3:
            for option in set(re.findall(r"--[a-z][a-z-]+", page)):
                self.assertIn(option, options | {"--version"})


if __name__ == "__main__":
    support.main()

#!/usr/bin/env python3
"""gpen doctor, gpen bench, and the help."""
import json
import os
import re
import shutil
import sys
import unittest
from pathlib import Path

import support

pictures_known = "pictures" in sys.argv[2:]
if pictures_known:
    sys.argv.remove("pictures")

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "gpen.1"


class Doctor(support.CommandLineTest):
    def findings(self, **options):
        outcome = self.gpen("doctor", "--json", **options)
        return {finding["name"]: finding for finding in json.loads(outcome.out)["findings"]}

    def test_a_machine_in_order(self):
        findings = self.findings(GPEN_CPU="")
        self.assertEqual({"processor", "instructions", "precision", "memory", "pictures", "restorer", "detector", "parser", "self-test",
                          "sandbox", "data", "cache", "state"},
                         set(findings))
        self.assertNotIn("problem", {finding["state"] for finding in findings.values()})
        self.assertIn(str(self.home), findings["data"]["text"])
        self.assertEqual(("note", "warning", "note"),
                         tuple(findings[name]["state"] for name in ("restorer", "detector", "parser")))
        self.assertIn("gpen models import", findings["detector"]["text"])
        text = self.gpen("doctor").out
        self.assertIn("[ok]  self-test", text)

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
        self.assertEqual(("gpen-mini", 64, "fp32", "generic", 2, 2),
                         tuple(result[key] for key in ("name", "size", "precision", "level", "threads", "runs")))
        for key in ("median_s", "min_s", "peak_mib", "weight_mib", "arena_mib", "gflop_direct", "gflop_executed", "peak_gflops",
                    "share_of_peak"):
            self.assertGreater(result[key], 0, key)
        self.assertLessEqual(result["min_s"], result["median_s"])
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
        self.install_detector()
        self.assertIn("GPEN", self.gpen("bench", "--model", "marks", expect=3).err)


class Help(support.CommandLineTest):
    commands = (["enhance", "detect"] if pictures_known else []) + ["models", "models list", "models pull", "models import",
                                                                    "models verify", "doctor", "bench"]

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
        if pictures_known:
            for option in set(re.findall(r"--[a-z][a-z-]+", page)):
                self.assertIn(option, options | {"--version"})


if __name__ == "__main__":
    support.main()

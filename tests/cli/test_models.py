#!/usr/bin/env python3
"""gpen models, and which model is chosen."""
import hashlib
import json
import math
import re
import shutil
import sys

import support
from support import tiny_tensors, write_safetensors, write_tiny_model

sha256_known = "sha256" in sys.argv[2:]
if sha256_known:
    sys.argv.remove("sha256")


class Models(support.CommandLineTest):
    def setUp(self):
        super().setUp()
        self.installed = self.home / "data" / "models"
        bundled = (self.assets / "gpen-mini.safetensors").read_bytes()
        (self.assets / "SHA256SUMS").write_text(f"{hashlib.sha256(bundled).hexdigest()}  gpen-mini.safetensors\n")

    def listed(self):
        return json.loads(self.gpen("models", "list", "--json").out)["models"]

    def test_list(self):
        [mini] = self.listed()
        self.assertEqual(("gpen-mini", "restorer", 64, True), tuple(mini[key] for key in ("name", "kind", "size", "bundled")))
        self.assertEqual(sum(math.prod(shape) for shape, _ in tiny_tensors().values()), mini["parameters"])
        self.assertEqual((self.assets / "gpen-mini.safetensors").stat().st_size, mini["bytes"])
        self.assertEqual((self.assets / "gpen-mini.safetensors").resolve().as_posix(), mini["path"])
        text = self.gpen("models", "list").out
        self.assertRegex(text, r"gpen-mini\s+restorer 64\s.*\sbundled\s")

    def test_import_then_list_then_use(self):
        write_tiny_model(self.root / "Mine.safetensors", seed=3)
        outcome = self.gpen("models", "import", "Mine.safetensors")
        self.assertIn("installed as Mine (restorer of 64 px", outcome.out)
        self.assertEqual(["Mine", "gpen-mini"], [model["name"] for model in self.listed()])
        (self.root / "Mine.safetensors").unlink()
        self.gpen("bench", "--model", "Mine", "--runs", "1")

    def test_a_detector_is_a_model_too(self):
        self.install_detector()
        self.assertEqual([("marks", "detector", None), ("gpen-mini", "restorer", 64)],
                         [tuple(model[key] for key in ("name", "kind", "size")) for model in self.listed()])
        self.assertRegex(self.gpen("models", "list").out, r"marks\s+detector\s")
        if sha256_known:
            self.gpen("models", "verify", "marks")
        lacking = support.mark_detector()
        del lacking["ssh2.conv3X3.1.bias"]
        write_safetensors(self.root / "lacking.safetensors", lacking)
        self.assertIn("ssh2.conv3X3.1.bias", self.gpen("models", "import", "lacking.safetensors", expect=1).err)

    def test_a_detector_is_never_the_restorer(self):
        write_safetensors(self.root / "aaa.safetensors", support.mark_detector())
        self.gpen("models", "import", "aaa.safetensors")
        self.assertEqual("gpen-mini", json.loads(self.gpen("bench", "--runs", "1", "--json").out)["name"])

    def test_import_twice(self):
        write_tiny_model(self.root / "Mine.safetensors", seed=3)
        self.gpen("models", "import", "Mine.safetensors")
        self.gpen("models", "import", "Mine.safetensors")
        write_tiny_model(self.root / "Mine.safetensors", seed=4)
        outcome = self.gpen("models", "import", "Mine.safetensors", expect=1)
        self.assertIn("--overwrite", outcome.err)
        self.gpen("models", "import", "Mine.safetensors", "--overwrite")

    def test_what_is_no_model_is_refused_and_leaves_nothing(self):
        lacking = tiny_tensors()
        del lacking["generator.style.2.bias"]
        write_safetensors(self.root / "lacking.safetensors", lacking)
        write_safetensors(self.root / "other.safetensors", {"weight": ((2,), [1.0, 2.0])})
        (self.root / "garbage.pth").write_bytes(b"garbage")
        write_tiny_model(self.root / "good.safetensors")
        outcome = self.gpen("models", "import", "lacking.safetensors", "other.safetensors", "garbage.pth", "nowhere.pth",
                            "good.safetensors", expect=1)
        self.assertIn("generator.style.2", outcome.err)
        self.assertEqual(4, len(re.findall("not installed", outcome.err)))
        self.assertEqual({"good.safetensors", "good.sha256"} if sha256_known else {"good.safetensors"},
                         {path.name for path in self.installed.iterdir()})

    def test_verify(self):
        write_tiny_model(self.root / "Mine.safetensors", seed=3)
        self.gpen("models", "import", "Mine.safetensors")
        self.assertEqual(["ok    Mine", "ok    gpen-mini"],
                         [line.partition(" (")[0] for line in self.gpen("models", "verify").out.splitlines()])
        self.gpen("models", "verify", "Mine", "gpen-mini", "Mine.safetensors")
        self.gpen("models", "verify", "nothing-of-this-name", expect=1)

    def test_verify_finds_damage(self):
        write_tiny_model(self.root / "Mine.safetensors", seed=3)
        self.gpen("models", "import", "Mine.safetensors")
        path = self.installed / "Mine.safetensors"
        whole = path.read_bytes()
        if sha256_known:
            path.write_bytes(whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:])
            self.assertIn("BAD   Mine", self.gpen("models", "verify", expect=1).out)
            self.assertIn("BAD   Mine", self.gpen("models", "verify", path, expect=1).out)
            self.gpen("models", "verify", "gpen-mini")
        path.write_bytes(whole[:len(whole) // 2])
        self.assertIn("BAD   Mine", self.gpen("models", "verify", expect=1).out)

    def test_verify_finds_what_is_no_number(self):
        broken = tiny_tensors()
        shape, values = broken["final_linear.0.bias"]
        broken["final_linear.0.bias"] = (shape, [math.nan] + values[1:])
        write_safetensors(self.root / "nan.safetensors", broken)
        self.assertIn("final_linear.0.bias", self.gpen("models", "verify", "nan.safetensors", expect=1).out)

    def test_the_best_is_chosen(self):
        def chosen():
            return json.loads(self.gpen("bench", "--runs", "1", "--warmup", "0", "--json").out)["name"]
        self.assertEqual("gpen-mini", chosen())
        write_tiny_model(self.root / "model.safetensors")
        for name, expected in (("GPEN-Colorization-1024", "gpen-mini"), ("other", "other"), ("GPEN-BFR-256", "GPEN-BFR-256"),
                               ("GPEN-BFR-2048", "GPEN-BFR-2048"), ("GPEN-BFR-1024", "GPEN-BFR-1024"),
                               ("GPEN-BFR-512", "GPEN-BFR-512")):
            shutil.copy(self.root / "model.safetensors", self.root / f"{name}.safetensors")
            self.gpen("models", "import", f"{name}.safetensors")
            self.assertEqual(expected, chosen())

    def test_usage(self):
        self.gpen("models", expect=2)
        self.assertIn("gpen models list", self.gpen("models", "lst", expect=2).err)
        self.gpen("models", "import", expect=2)
        self.gpen("models", "list", "x", expect=2)
        self.assertIn("gpen models import", self.gpen("models", "--help").out)
        for part in ("list", "pull", "import", "verify"):
            self.assertIn(f"gpen models {part}", self.gpen("models", part, "--help").out)


if __name__ == "__main__":
    support.main()

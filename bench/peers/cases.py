"""The networks that are compared, and what this program wants to reach. Its own file because exporting, serving, comparing and
drawing must mean the same by a name. Needs nothing but Python."""
from collections import namedtuple

# kind: as `gpen bench --json` says it. bounds: the share of ONNX Runtime's float32 time that each precision may take.
Case = namedtuple("Case", "name title kind width height bounds")

CASES = [
    Case("gpen-512", "GPEN-512", "restorer", 512, 512, {"fp32": 0.48, "bf16": 0.33}),
    Case("gpen-256", "GPEN-256", "restorer", 256, 256, {"fp32": 0.55, "bf16": 0.40}),
    Case("parsenet", "ParseNet 512", "parser", 512, 512, {"fp32": 0.40, "bf16": 0.28}),
    Case("retinaface-r50", "RetinaFace-R50 640x1000", "detector", 1000, 640, {"fp32": 0.80}),
    Case("retinaface-m025", "RetinaFace-MobileNet0.25 640x1000", "detector", 1000, 640, {"fp32": 0.80}),
]

# Only timed against the number of threads: the sizes in between and beyond.
SWEPT = [CASES[1], CASES[0], Case("gpen-1024", "GPEN-1024", "restorer", 1024, 1024, {})]

# What the reference calls the network of a kind.
REFERENCE = {"restorer": "gpen", "detector": "retinaface", "parser": "parsenet"}

BY_NAME = {case.name: case for case in CASES + SWEPT}


def forms(case):
    """The files of a network for ONNX Runtime: as published, and for GPEN also folded."""
    return [case.name, case.name + "-folded"] if case.kind == "restorer" else [case.name]


def strongest_form(case):
    """The form that this program is measured against."""
    return forms(case)[-1]

"""What the tests of the command line share: a tiny network, pictures, and running the program.

Only Python's own library is used. A test file is run as `python3 test_NAME.py PROGRAM`; each case is reported in cmocka's
form, so that the results count cases and not files.
"""
import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from array import array
from pathlib import Path

SHARED = Path(os.environ["GPEN_SHARED"]) if os.environ.get("GPEN_SHARED") else None
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/gpen")

# ---------------------------------------------------------------- a network


def tiny_shapes(size=64, width=8, style=16, mapping=2):
    """Names and shapes of a GPEN whose levels are all `width` channels wide."""
    levels = int(math.log2(size)) - 1
    shapes = {}
    for layer in range(1, mapping + 1):
        shapes[f"generator.style.{layer}.weight"] = (style, style)
        shapes[f"generator.style.{layer}.bias"] = (style,)
    shapes["generator.input.input"] = (1, width, 4, 4)

    def modulated(prefix, outputs, inputs, side):
        shapes[prefix + ".conv.weight"] = (1, outputs, inputs, side, side)
        shapes[prefix + ".conv.modulation.weight"] = (inputs, style)
        shapes[prefix + ".conv.modulation.bias"] = (inputs,)

    def styled(prefix, inputs, up):
        modulated(prefix, width, inputs, 3)
        if up:
            shapes[prefix + ".conv.blur.kernel"] = (4, 4)
        shapes[prefix + ".noise.weight"] = (1,)
        shapes[prefix + ".activate.bias"] = (2 * width,)

    def to_rgb(prefix, up):
        modulated(prefix, 3, 2 * width, 1)
        shapes[prefix + ".bias"] = (1, 3, 1, 1)
        if up:
            shapes[prefix + ".upsample.kernel"] = (4, 4)

    styled("generator.conv1", width, False)
    to_rgb("generator.to_rgb1", False)
    for level in range(levels - 1):
        styled(f"generator.convs.{2 * level}", 2 * width, True)
        styled(f"generator.convs.{2 * level + 1}", 2 * width, False)
        to_rgb(f"generator.to_rgbs.{level}", True)
    shapes["ecd0.0.0.weight"] = (width, 3, 1, 1)
    shapes["ecd0.0.1.bias"] = (width,)
    for level in range(1, levels):
        shapes[f"ecd{level}.0.0.kernel"] = (4, 4)
        shapes[f"ecd{level}.0.1.weight"] = (width, width, 3, 3)
        shapes[f"ecd{level}.0.2.bias"] = (width,)
    shapes["final_linear.0.weight"] = (style, width * 16)
    shapes["final_linear.0.bias"] = (style,)
    return shapes


def tiny_values(name, count, source):
    """Random numbers of a size that lets every layer matter."""
    if name.endswith("kernel"):
        gain = 4.0 if "convs" in name or "upsample" in name else 1.0
        return [gain * a * b / 64.0 for a in (1, 3, 3, 1) for b in (1, 3, 3, 1)]
    if name.endswith("modulation.bias"):
        return [1.0 + 0.1 * source.gauss(0, 1) for _ in range(count)]
    if "generator.style" in name:
        scale = 100.0 if name.endswith("weight") else 10.0
    elif "to_rgb" in name:
        scale = 0.15
    else:
        scale = 0.1 if name.endswith("bias") else 1.0
    return [scale * source.gauss(0, 1) for _ in range(count)]


def write_safetensors(path, tensors):
    """tensors: name -> (shape, float values)."""
    header, data = {}, bytearray()
    for name, (shape, values) in tensors.items():
        start = len(data)
        numbers = array("f", values)
        if sys.byteorder == "big":
            numbers.byteswap()
        data += numbers.tobytes()
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + bytes(data))


def tiny_tensors(seed=0, **shape_options):
    source = random.Random(seed)
    return {name: (shape, tiny_values(name, math.prod(shape), source))
            for name, shape in tiny_shapes(**shape_options).items()}


def write_tiny_model(path, seed=0, **shape_options):
    write_safetensors(path, tiny_tensors(seed, **shape_options))

# ---------------------------------------------------------------- a detector


MARK_CELL = 32
MARKS = {"large": (255, 0, 0), "small": (0, 255, 0), "doubtful": (0, 0, 255)}
FACE_SIZES = {"large": (48, 64), "small": (24, 30), "doubtful": (48, 64)}
ANCHORS = {"large": 256, "small": 512}
PLACES = [(-0.2, -0.12), (0.2, -0.12), (0.0, 0.06), (-0.16, 0.25), (0.16, 0.25)]  # eyes, nose, mouth, in widths and heights


def face_at(kind, column, row):
    """Box and landmarks of the face that the detector below sees at a mark in this cell."""
    width, height = FACE_SIZES[kind]
    x, y = MARK_CELL * (column + 0.5), MARK_CELL * (row + 0.5)
    return ([x - width / 2, y - height / 2, x + width / 2, y + height / 2],
            [[x + dx * width, y + dy * height] for dx, dy in PLACES])


def mark_detector():
    """Tensors of a RetinaFace that sees a large face at a red mark, a small one at a green one, and a doubtful large one (score
    0.76) at a blue one; a mark fills the upper left corner of a cell of 32 px. Three channels carry the colours of every 32nd
    pixel through the network, and the heads of the coarsest level read them."""
    tensors, width = {}, 8

    def norm(name, channels):
        for part, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            tensors[f"{name}.{part}"] = ((channels,), [value] * channels)

    def conv(name, outputs, inputs, side, gain=1.0, carry=True):
        """Carries the first three channels, at the window's centre."""
        values = [gain if carry and o < 3 and (i == o or inputs == 1) and tap == side * side // 2 else 0.0
                  for o in range(outputs) for i in range(inputs) for tap in range(side * side)]
        tensors[f"{name}.weight"] = ((outputs, inputs, side, side), values)

    def unit(name, outputs, inputs, side, **options):
        conv(f"{name}.0", outputs, inputs, side, **options)
        norm(f"{name}.1", outputs)
    for stage, layers in enumerate((6, 6, 2), 1):
        for layer in range(layers):
            name = f"body.stage{stage}.{layer}"
            if (stage, layer) == (1, 0):
                unit(name, width, 3, 3, gain=1 / 132)  # what is left of full colour without the mean
            else:
                unit(name, width, 1, 3)
                conv(f"{name}.3", width, width, 1)
                norm(f"{name}.4", width)
    for level in (1, 2, 3):
        unit(f"fpn.output{level}", width, width, 1)
        if level < 3:
            unit(f"fpn.merge{level}", width, width, 3, carry=False)
        unit(f"ssh{level}.conv3X3", width // 2, width, 3)
        for part, inputs in (("conv5X5_1", width), ("conv5X5_2", width // 4), ("conv7X7_2", width // 4), ("conv7x7_3", width // 4)):
            unit(f"ssh{level}.{part}", width // 4, inputs, 3, carry=False)
        marks = level == 3
        for head, numbers in (("BboxHead", 4), ("ClassHead", 2), ("LandmarkHead", 10)):
            weight, bias = [[0.0] * width for _ in range(2 * numbers)], [0.0] * (2 * numbers)
            for anchor, kind in enumerate(("large", "small")):
                prior, (w, h), at = ANCHORS[kind], FACE_SIZES[kind], anchor * numbers
                if head == "BboxHead":
                    bias[at + 2:at + 4] = [math.log(w / prior) / 0.2, math.log(h / prior) / 0.2]
                elif head == "LandmarkHead":
                    bias[at:at + 10] = [10 * d / prior for dx, dy in PLACES for d in (dx * w, dy * h)]
                else:
                    bias[at + 1] = -8.0
                    if marks:  # channels are blue, green, red
                        weight[at + 1][:3] = [8.0, 0.0, 16.0] if kind == "large" else [0.0, 16.0, 0.0]
            name = f"{head}.{level - 1}.conv1x1"
            tensors[f"{name}.weight"] = ((2 * numbers, width, 1, 1), [value for row in weight for value in row])
            tensors[f"{name}.bias"] = ((2 * numbers,), bias)
    return tensors

# ---------------------------------------------------------------- a parser


def one_class_parser(seen):
    """Tensors of a ParseNet that sees class `seen` everywhere: 0 is background, 1 skin."""
    tensors, width = {}, 4

    def conv(name, outputs, inputs, bias=None):
        tensors[f"{name}.conv2d.weight"] = ((outputs, inputs, 3, 3), [0.0] * (outputs * inputs * 9))
        if bias:
            tensors[f"{name}.conv2d.bias"] = ((outputs,), bias)
        else:
            for part, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
                tensors[f"{name}.norm.norm.{part}"] = ((outputs,), [value] * outputs)
    conv("encoder.0", width, 3, [0.0] * width)
    for block in ("encoder.1", "body.0", "decoder.0"):
        conv(f"{block}.conv1", width, width)
        conv(f"{block}.conv2", width, width)
        if not block.startswith("body"):
            conv(f"{block}.shortcut_func", width, width, [0.0] * width)
    conv("out_mask_conv", 19, width, [float(number == seen) for number in range(19)])
    conv("out_img_conv", 3, width, [0.0] * 3)
    return tensors

# ---------------------------------------------------------------- pictures


def png_bytes(width, height, channels=3, bits=8, seed=0):
    """A PNG of smooth colours; seed makes different ones."""
    def sample(x, y, c):
        value = 0.5 + 0.5 * math.sin(0.07 * (x + 3 * seed) * (c + 1)) * math.cos(0.05 * y)
        return int(value * ((1 << bits) - 1))
    return pack_png(width, height, channels, bits, sample)


def pack_png(width, height, channels, bits, sample):
    """sample(x, y, channel): an integer."""
    form = ">H" if bits == 16 else ">B"
    raw = b"".join(b"\0" + b"".join(struct.pack(form, sample(x, y, c)) for x in range(width) for c in range(channels))
                   for y in range(height))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def write_png(path, width=64, height=64, channels=3, bits=8, seed=0):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(png_bytes(width, height, channels, bits, seed))


def marked_photo(width, height, marks, channels=3, bits=8):
    """A dark PNG with a mark for each (kind, column, row) of a cell."""
    top = (1 << bits) - 1
    colours = {}
    for kind, column, row in marks:
        for dy in range(-8, 9):
            for dx in range(-8, 9):
                colours[MARK_CELL * column + dx, MARK_CELL * row + dy] = MARKS[kind]

    def sample(x, y, c):
        if (x, y) in colours and c < 3:
            return colours[x, y][c] * top // 255
        if c == 3:
            return top - (x * 7 + y) * top // 255 % (top // 2)
        return int((0.15 + 0.1 * math.sin(0.11 * x + c) * math.cos(0.07 * y)) * top) + (x * 31 + y * 17) % 5
    return pack_png(width, height, channels, bits, sample)


def read_png(path):
    """(width, height, channels, bits, samples as bytes) of a PNG without interlace or palette."""
    data = Path(path).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        at += 12 + length
        if kind == b"IHDR":
            width, height, bits, colour = struct.unpack(">IIBB", body[:10])
        elif kind == b"IDAT":
            packed += body
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    step = channels * bits // 8
    return width, height, channels, bits, unfiltered(zlib.decompress(packed), width * step, height, step)


def unfiltered(raw, row_bytes, height, step):
    out, above = bytearray(), bytearray(row_bytes)
    for y in range(height):
        kind = raw[y * (row_bytes + 1)]
        row = bytearray(raw[y * (row_bytes + 1) + 1:(y + 1) * (row_bytes + 1)])
        for x in range(row_bytes):
            left = row[x - step] if x >= step else 0
            corner = above[x - step] if x >= step else 0
            row[x] = (row[x] + prediction(kind, left, above[x], corner)) & 255
        out += row
        above = row
    return bytes(out)


def prediction(kind, left, up, corner):
    if kind == 4:
        guess = left + up - corner
        return min((left, up, corner), key=lambda value: abs(guess - value))
    return {0: 0, 1: left, 2: up, 3: (left + up) // 2}[kind]

# ---------------------------------------------------------------- running


class Outcome:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def events(self):
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def items(self):
        """In the order of the photos: several are worked on at once, and what ends first is said first."""
        return sorted((event for event in self.events if event["event"] == "item"), key=lambda item: item["number"])

    @property
    def summary(self):
        events = self.events
        assert events[-1]["event"] == "summary", events[-1]
        return events[-1]


class CommandLineTest(unittest.TestCase):
    """A folder of its own for each case, with a home and the bundled model, which is a tiny one here."""

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="gpen-test-")
        self.addCleanup(self.scratch.cleanup)
        self.root = Path(self.scratch.name)
        self.assets = self.root / "assets"
        self.home = self.root / "home"
        self.assets.mkdir()
        write_tiny_model(self.assets / "gpen-mini.safetensors")

    def environment(self, **changes):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("LC_", "XDG_")) and name not in ("LANG", "GPEN_LOG")}
        environment.update({"GPEN_HOME": str(self.home), "GPEN_ASSETS": str(self.assets), "LC_ALL": "C.UTF-8"})
        environment.update(changes)
        return environment

    def gpen(self, *arguments, expect=0, **changes):
        """Runs the program in the case's folder and checks its exit status."""
        done = subprocess.run([PROGRAM, *map(os.fspath, arguments)], cwd=self.root, env=self.environment(**changes),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
        outcome = Outcome(done.returncode, done.stdout.decode("utf-8", "surrogateescape"),
                          done.stderr.decode("utf-8", "surrogateescape"))
        self.assertEqual(expect, done.returncode, f"{arguments}\n{outcome.out}\n{outcome.err}")
        return outcome

    def enhance(self, *arguments, **options):
        return self.gpen("enhance", "--aligned", *arguments, **options)

    def install_detector(self):
        write_safetensors(self.root / "marks.safetensors", mark_detector())
        self.gpen("models", "import", "marks.safetensors")

    def files(self, folder="out"):
        """All files below the folder, hidden ones too."""
        base = self.root / folder
        return sorted(str(path.relative_to(base)) for path in base.rglob("*") if not path.is_dir())


class CaseReport(unittest.TextTestResult):
    """Prints each case as cmocka does."""

    def say(self, word, test):
        self.stream.writeln(f"[ {word:>8} ] {test.id().rpartition('.')[2]}")

    def addSuccess(self, test):
        super().addSuccess(test)
        self.say("OK", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.say("FAILED", test)

    def addError(self, test, err):
        super().addError(test, err)
        self.say("FAILED", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.say("SKIPPED", test)


def main():
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=0, resultclass=CaseReport)
    unittest.main(argv=[sys.argv[0]] + sys.argv[2:], testRunner=runner)

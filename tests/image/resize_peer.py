"""image_resize_bilinear against OpenCV's cv2.resize, sample for sample. Argument: the resize_tool program."""
import random
import subprocess
import sys

try:
    import cv2
    import numpy
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

SIDES = [1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 127, 128, 129, 255, 256]


def sizes(rng):
    """Source and target sizes: the corner cases by hand, then many at random."""
    yield from [
        (1, 1, 5, 7), (1, 1, 1, 9), (5, 7, 1, 1), (1, 9, 4, 3), (9, 1, 4, 3), (2, 2, 1, 1), (64, 48, 32, 24),
        (64, 48, 32, 12), (64, 48, 16, 24), (63, 48, 32, 24), (96, 96, 32, 32), (32, 32, 96, 96), (32, 32, 64, 64),
        (100, 80, 25, 20), (129, 65, 128, 64), (128, 64, 129, 65), (17, 31, 256, 256), (256, 256, 17, 31),
        (64, 64, 64, 64), (64, 64, 64, 32), (64, 64, 32, 64), (601, 403, 512, 512), (300, 300, 512, 512),
        (1024, 1024, 512, 512),
        (2, 600, 1, 300), (600, 2, 300, 1), (3, 3, 2, 2), (3000, 3, 700, 2), (3, 3000, 2, 700),
    ]
    for _ in range(400):
        yield tuple(rng.choice(SIDES) for _ in range(4))


def pictures(rng, numpy_rng):
    for width, height, new_width, new_height in sizes(rng):
        channels = rng.choice([1, 3, 4])
        for bits in (8, 16):
            shape = (height, width, channels)
            top = 256 if bits == 8 else 65536
            kind = rng.randrange(3)
            if kind == 0:
                samples = numpy_rng.integers(0, top, shape)
            elif kind == 1:  # extremes, where rounding and saturation show
                samples = numpy_rng.integers(0, 2, shape) * (top - 1)
            else:
                samples = numpy.full(shape, top - 1)
            yield samples.astype(numpy.uint8 if bits == 8 else numpy.uint16), bits, new_width, new_height


def main():
    rng, numpy_rng = random.Random(1), numpy.random.default_rng(1)
    tool = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    wrong = {8: 0, 16: 0}
    count = 0
    for samples, bits, new_width, new_height in pictures(rng, numpy_rng):
        height, width, channels = samples.shape
        header = numpy.array([width, height, channels, bits, new_width, new_height], numpy.int32)
        tool.stdin.write(header.tobytes() + samples.tobytes())
        tool.stdin.flush()
        size = new_height * new_width * channels * bits // 8
        answer = tool.stdout.read(size)
        if len(answer) != size:
            print(f"{width}x{height}x{channels} to {new_width}x{new_height}, {bits} bits: the tool stopped")
            return 1
        ours = numpy.frombuffer(answer, samples.dtype).reshape(new_height, new_width, channels)
        theirs = cv2.resize(samples, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
        theirs = theirs.reshape(ours.shape)
        difference = numpy.abs(ours.astype(int) - theirs.astype(int))
        count += 1
        if difference.max() > 0:
            wrong[bits] += 1
            print(f"{width}x{height}x{channels} to {new_width}x{new_height}, {bits} bits: "
                  f"{numpy.count_nonzero(difference)} samples differ, by up to {difference.max()}")
    tool.stdin.close()
    print(f"{count} pictures against OpenCV {cv2.__version__}: {wrong[8]} of 8 bits and {wrong[16]} of 16 bits differ")
    return 1 if tool.wait() or wrong[8] or wrong[16] else 0


sys.exit(main())

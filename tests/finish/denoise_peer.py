"""Denoising against OpenCV's fastNlMeansDenoisingColored on ten photographs with Gaussian noise of sigma 15, and skin protection
on a face. Argument: the finish_tool program. GPEN_SHARED names the folder whose photos/ has the Solvay photograph; without it the
bounds are held on the nine others. Times are one thread's, printed and not judged: the best of ours by the clock, the processor's for
the peer.

    --report   all ten, and each setting's gain; without it the first three, because the peer takes its time
"""
import os
import struct
import subprocess
import sys
import time

try:
    import cv2
    import numpy
    import skimage
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

SIGMA, LEAST_GAIN, MOST_BEHIND, IN_SHORT = 15, 4.0, 0.7, 3
SETTINGS = range(20, 101, 10)
SAMPLES = ["astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "ihc.png", "retina.jpg", "hubble_deep_field.jpg",
           "motorcycle_left.png", "camera.png"]
SIDE = 480  # of the middle that is taken of each photo: the peer is slow
CONTROLS = ["denoise", "sharpen", "contrast", "brightness", "skin_protect", "detail_boost", "fading", "dust"]
# Of the astronaut, by eye: both eyes, the nose, both corners of the mouth.
LANDMARKS = numpy.array([[203, 103], [245, 101], [226, 128], [208, 148], [245, 147]], numpy.float32)


class Tool:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def finish(self, picture, faces=(), **settings):
        """A BGR picture with the settings applied, and the seconds it took."""
        height, width = picture.shape[:2]
        numbers = [width, height, 3, 8, 1] + [settings.get(name, 0) for name in CONTROLS] + [len(faces)]
        landmarks = b"".join(numpy.asarray(face, numpy.float32).tobytes() for face in faces)
        samples = numpy.ascontiguousarray(picture[:, :, ::-1]).tobytes()
        self.process.stdin.write(struct.pack("14i", *numbers) + landmarks + samples)
        self.process.stdin.flush()
        (seconds,) = struct.unpack("d", self.process.stdout.read(8))
        answer = numpy.frombuffer(self.process.stdout.read(len(samples)), numpy.uint8)
        return answer.reshape(picture.shape)[:, :, ::-1], seconds


def photographs():
    for name in SAMPLES:
        yield name, os.path.join(os.path.dirname(skimage.__file__), "data", name)
    solvay = os.path.join(os.environ.get("GPEN_SHARED", ""), "photos", "solvay_1927.png")
    if os.path.exists(solvay):
        yield "solvay_1927.png", solvay


def middle(picture):
    top, left = max(0, (picture.shape[0] - SIDE) // 2), max(0, (picture.shape[1] - SIDE) // 2)
    return numpy.ascontiguousarray(picture[top:top + SIDE, left:left + SIDE])


def decibels(clean, picture):
    return 10 * numpy.log10(255 ** 2 / numpy.mean((clean.astype(float) - picture) ** 2))


def best_of_peer(clean, noisy):
    best, fastest = -99.0, 1e9
    for strength in (6, 8, 10, 12, 15, 20):
        for colour in (10, 20):
            begin = time.process_time()
            result = cv2.fastNlMeansDenoisingColored(noisy, None, strength, colour, 7, 21)
            fastest = min(fastest, time.process_time() - begin)
            best = max(best, decibels(clean, result))
    return best, fastest


def check_denoising(tool, report):
    rng, failures = numpy.random.default_rng(15), 0
    for name, path in list(photographs())[:None if report else IN_SHORT]:
        clean = middle(cv2.imread(path))
        noisy = numpy.clip(numpy.rint(clean + rng.normal(0, SIGMA, clean.shape)), 0, 255).astype(numpy.uint8)
        before = decibels(clean, noisy)
        gains, seconds = {}, 1e9
        for setting in SETTINGS:
            result, took = tool.finish(noisy, denoise=setting)
            gains[setting], seconds = decibels(clean, result) - before, min(seconds, took)
        peer, peer_seconds = best_of_peer(clean, noisy)
        setting = max(gains, key=gains.get)
        gain, ahead, share = gains[setting], gains[setting] + before - peer, seconds / peer_seconds
        good = gain >= LEAST_GAIN and ahead >= -MOST_BEHIND
        failures += not good
        print(f"{'ok' if good else 'FAILED'} {name}: {before:.2f} dB, {gain:+.2f} at {setting}; OpenCV {peer - before:+.2f}; "
              f"{share:.3f} of its time, {1e9 * seconds / clean[:, :, 0].size:.0f} ns a pixel", flush=True)
        if report:
            print("  ", " ".join(f"{s}:{g:+.2f}" for s, g in gains.items()))
    return failures


def colours(picture):
    return cv2.cvtColor(picture.astype(numpy.float32) / 255, cv2.COLOR_BGR2LAB)[:, :, 1:]


def check_skin(tool):
    """Skin, by the landmarks: the cheeks, nose and chin between eyes and mouth's corners."""
    picture, failures = cv2.imread(dict(photographs())["astronaut.png"]), 0
    region = numpy.zeros(picture.shape[:2], numpy.uint8)
    cv2.fillConvexPoly(region, cv2.convexHull(LANDMARKS.astype(numpy.int32)), 1)
    region = region.astype(bool)
    for settings in ({"contrast": 100}, {"contrast": -100}, {"brightness": 100}, {"brightness": -100}, {"fading": 100},
                     {"sharpen": 100, "contrast": 60, "brightness": 40, "fading": 50, "detail_boost": 100}):
        shifts = []
        for protect in (0, 100):
            result, _ = tool.finish(picture, [LANDMARKS], skin_protect=protect, **settings)
            shifts.append(numpy.linalg.norm(colours(result) - colours(picture), axis=2)[region].mean())
        good = shifts[1] < 2 and shifts[1] <= shifts[0]
        failures += not good
        print(f"{'ok' if good else 'FAILED'} skin, {settings}: moved {shifts[0]:.2f}, protected {shifts[1]:.2f}")
    return failures


def main():
    if os.environ.get("GPEN_SANITIZED"):
        print("skipped: it takes too long under sanitizers")
        return 77
    cv2.setNumThreads(1)
    tool = Tool(sys.argv[1])
    failures = check_skin(tool) + check_denoising(tool, "--report" in sys.argv)
    tool.process.stdin.close()
    return 1 if tool.process.wait() or failures else 0


sys.exit(main())

"""What faces are pasted onto, and what must not be taken for one: pictures without people from Debian packages, procedural
textures, and cut-outs of animals and things. train/README.md names the packages and their licences.

The pictures of TEST_PICTURES are never trained on: tests/cli/test_bundled_detector.py looks for faces in them."""
import glob
import os

import cv2
import numpy as np

SKIMAGE = "/usr/lib/python3/dist-packages/skimage/data/"
SHARE = "/usr/share/backgrounds/"
PLASMA = "/usr/share/wallpapers/"
PICTURES = (
    [SKIMAGE + n for n in ("brick.png", "cell.png", "chelsea.png", "clock_motion.png", "coffee.png", "grass.png", "gravel.png",
                           "hubble_deep_field.jpg", "ihc.png", "moon.png", "motorcycle_left.png", "page.png", "retina.jpg",
                           "rocket.jpg", "text.png", "horse.png")]
    + [SHARE + n for n in ("2004default.jpg", "city.png", "desert.png", "fluent-color.png", "focal-ubuntukylin.png",
                           "goldfish.png", "rhythm.jpg", "rollpaper.png", "string.jpg", "firstgeneration.jpg")]
    + [SHARE + n for n in ("Bridge_by_Sander_Klootwijk.jpg", "Picture_0B_by_freespace.jpg",
                           "aitzgorri_by_Aitzol_Berasategi.jpg", "analogpattern_by_Peter_Nerlich.jpg",
                           "free_by_Peter_Nerlich.jpg", "friends_by_Aitzol_Berasategi.jpg", "seeding_by_Clements_Engelhardt.jpg",
                           "sunset_by_Aitzol_Berasategi.jpg", "umang_by_Abhishek_Mudgal.jpg", "Fossa_by_Jasper_Roks.jpg",
                           "Infinite-Sea_by_Aury88.jpg", "Painting-Colors_by__herobrine7gamer.jpg")]
    + [SHARE + "mate/" + n for n in ("abstract/Elephants.jpg", "abstract/Gulp.png", "desktop/Float-into-MATE.png",
                                     "nature/Aqua.jpg", "nature/Blinds.jpg", "nature/Garden.jpg", "nature/GreenMeadow.jpg",
                                     "nature/Storm.jpg", "nature/Wood.jpg")]
    + [PLASMA + n for n in ("Altai/contents/images/5120x2880.png", "Canopee/contents/images/3840x2160.png",
                            "Elarun/contents/images/2560x1600.png",
                            "Cascade/contents/images/3840x2160.png", "Flow/contents/images/5120x2880.jpg",
                            "FlyingKonqui/contents/images/2560x1600.png", "Honeywave/contents/images/5120x2880.jpg",
                            "IceCold/contents/images/5120x2880.png", "Kite/contents/images/2560x1600.jpg",
                            "Kokkini/contents/images/3840x2160.png", "OneStandsOut/contents/images/2560x1600.jpg",
                            "Opal/contents/images/3840x2160.png", "PastelHills/contents/images/3200x2000.jpg",
                            "Patak/contents/images/5120x2880.png", "Shell/contents/images/5120x2880.jpg",
                            "Volna/contents/images/5120x2880.jpg")])
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "cli", "pictures_without_people.txt")) as names:
    TEST_PICTURES = names.read().split()
STAMPS = "/usr/share/tuxpaint/stamps/"
STAMP_FOLDERS = ("animals", "clothes", "food", "hobbies/music", "household", "naturalforces", "plants",
                 "symbols/shapes", "symbols/chess", "town/houses", "town/roadsigns", "vehicles")
LONGEST, LONGEST_STAMP = 1100, 480


def smaller(picture, longest):
    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return picture
    return cv2.resize(picture, (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))),
                      interpolation=cv2.INTER_AREA)


class Backgrounds:
    def __init__(self, paths=PICTURES):
        missing = [path for path in paths if not os.path.exists(path)]
        stamps = sorted(p for folder in STAMP_FOLDERS for p in glob.glob(STAMPS + folder + "/**/*.png", recursive=True))
        if missing or not stamps:
            raise SystemExit("pictures without people are missing (train/README.md says which packages hold them):\n"
                             + "\n".join(missing or [STAMPS]))
        self.pictures = [smaller(cv2.imread(path), LONGEST) for path in paths]
        self.stamps, self.mammals = [], []
        for path in stamps:
            stamp = cv2.imread(path, cv2.IMREAD_UNCHANGED)
            if stamp is not None and stamp.ndim == 3 and stamp.shape[2] == 4:
                self.stamps.append(smaller(stamp, LONGEST_STAMP))
                if "/mammals/" in path:
                    self.mammals.append(self.stamps[-1])

    def make(self, rng, size):
        """A background of size x size, uint8 BGR."""
        kind = rng.random()
        if kind < .6:
            canvas = self.photograph(rng, size)
        elif kind < .8:
            canvas = clouds(rng, size)
        elif kind < .92:
            canvas = shapes(rng, size)
        else:
            canvas = cv2.addWeighted(self.photograph(rng, size), .5, clouds(rng, size), .5, 0)
        if rng.random() < .15:
            writing(rng, canvas)
        return canvas

    def photograph(self, rng, size):
        picture = self.pictures[rng.integers(len(self.pictures))]
        height, width = picture.shape[:2]
        side = int(min(height, width, size * np.exp(rng.uniform(-.8, 1.1))))
        y, x = rng.integers(height - side + 1), rng.integers(width - side + 1)
        crop = cv2.resize(picture[y:y + side, x:x + side], (size, size),
                          interpolation=cv2.INTER_AREA if side > size else cv2.INTER_LINEAR)
        crop = np.rot90(crop, rng.integers(4) if rng.random() < .3 else 0)
        if rng.random() < .5:
            crop = crop[:, ::-1]
        if rng.random() < .25:
            crop = crop[..., rng.permutation(3)]
        if rng.random() < .3:
            crop = cv2.convertScaleAbs(crop, alpha=rng.uniform(.4, 1.3), beta=rng.uniform(-30, 40))
        return np.ascontiguousarray(crop)

    def stamp(self, rng, size):
        """An animal (often: they have faces) or a thing, turned by some degrees and perhaps mirrored: BGR and coverage 0..1, at most
        `size` long unturned."""
        stamps = self.mammals if rng.random() < .5 else self.stamps
        stamp = stamps[rng.integers(len(stamps))]
        angle = np.deg2rad(rng.normal(0, 12))
        if max(stamp.shape[:2]) > 2 * size:
            stamp = smaller(stamp, 2 * size)
        factor = size / max(stamp.shape[:2])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * factor
        if rng.random() < .5:
            turn[:, 0] *= -1
        corners = turn @ (np.array([[0, 0, 1, 1], [0, 1, 0, 1]]) * np.array(stamp.shape[1::-1])[:, None])
        low, high = corners.min(1), corners.max(1)
        extent = tuple(max(2, int(v)) for v in np.ceil(high - low))
        stamp = cv2.warpAffine(stamp, np.hstack([turn, -low[:, None]]), extent, flags=cv2.INTER_LINEAR)
        return stamp[..., :3], stamp[..., 3:].astype(np.float32) / 255


def clouds(rng, size):
    """Noise of several grain sizes in a few colours."""
    field = np.zeros((size, size, 3), np.float32)
    slope = rng.uniform(.3, 1.0)
    for octave in range(2, 8):
        n = 2 ** octave
        channels = 3 if rng.random() < .3 else 1
        grain = rng.standard_normal((n, n, channels)).astype(np.float32)
        field += cv2.resize(grain, (size, size), interpolation=cv2.INTER_LINEAR).reshape(size, size, channels) * n ** -slope
    field *= rng.uniform(15, 60) / (field.std() + 1e-6)
    return np.clip(field + rng.uniform(20, 235, 3).astype(np.float32), 0, 255).astype(np.uint8)


def skin(rng):
    """A skin colour, BGR."""
    light = rng.uniform(.25, 1.0)
    return np.clip(np.array([150, 180, 225]) * light + rng.normal(0, 12, 3), 0, 255)


def colour(rng):
    return tuple(float(c) for c in (skin(rng) if rng.random() < .3 else rng.uniform(0, 255, 3)))


def shapes(rng, size):
    """Ellipses, polygons, lines and stripes."""
    canvas = np.empty((size, size, 3), np.uint8)
    canvas[:] = rng.uniform(0, 255, 3)
    if rng.random() < .4:
        ramp = np.linspace(-1, 1, size)[:, None, None] * rng.uniform(-90, 90, 3)
        canvas = np.clip(canvas + (ramp if rng.random() < .5 else ramp.transpose(1, 0, 2)), 0, 255).astype(np.uint8)
    for _ in range(rng.integers(4, 40)):
        kind, reach = rng.random(), size * np.exp(rng.uniform(-4, -1))
        centre = tuple(int(v) for v in rng.uniform(0, size, 2))
        if kind < .45:
            axes = tuple(int(v) + 1 for v in reach * rng.uniform(.4, 1.4, 2))
            cv2.ellipse(canvas, centre, axes, rng.uniform(0, 180), 0, 360, colour(rng), -1 if rng.random() < .7 else 2, cv2.LINE_AA)
        elif kind < .75:
            points = (np.array(centre) + rng.uniform(-reach, reach, (rng.integers(3, 6), 2))).astype(np.int32)
            cv2.fillPoly(canvas, [points], colour(rng), cv2.LINE_AA)
        else:
            end = tuple(int(v) for v in rng.uniform(0, size, 2))
            cv2.line(canvas, centre, end, colour(rng), int(rng.integers(1, 6)), cv2.LINE_AA)
    return canvas


def writing(rng, canvas):
    letters = "abcdefghiklmnoprstuvwxyzABCDEGHKMNOPRSTQ0123456789 .,:%()8O0"
    shade, scale = colour(rng), rng.uniform(.3, 2.0)
    for line in range(rng.integers(1, 8)):
        text = "".join(letters[i] for i in rng.integers(len(letters), size=24))
        at = (int(rng.uniform(-40, canvas.shape[1] / 2)), int(30 + line * 28 * scale + rng.uniform(0, 10)))
        cv2.putText(canvas, text, at, int(rng.integers(0, 8)), scale, shade, int(rng.integers(1, 4)), cv2.LINE_AA)

"""Training pictures for the detector: portraits pasted into pictures without people, singly and in rows as on group
photographs, among things that look a little like faces; then the whole picture aged as old photographs are.

Every picture is made from its own number alone, so a training that is resumed sees the same pictures."""
import cv2
import numpy as np

from retinaface_backgrounds import colour, skin
from retinaface_faces import SWAP

MASK = 96                                     # side of a portrait's paste masks
LEAST_SEEN, LEAST_KNOWN = .2, .5              # of a face: under the first it is no face, under the second it is ignored
SMALLEST, LARGEST = 12, 400                   # longer side of a face's box


class Portrait:
    """One face in an image pyramid, with its masks."""

    def __init__(self, picture, box, marks):
        self.box, self.marks = box, marks
        self.levels = [picture]
        while self.levels[-1].shape[0] > 24:
            self.levels.append(cv2.resize(self.levels[-1], None, fx=.5, fy=.5, interpolation=cv2.INTER_AREA))
        size = picture.shape[0]
        y, x = np.mgrid[0:MASK, 0:MASK] * (size / MASK)
        cx, cy = (box[:2] + box[2:]) / 2
        rx, ry = (box[2:] - box[:2]) / 2
        # distance from the face's centre, 1 on the ellipse in its box
        away = np.sqrt(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2)
        ramp = lambda inner, outer: np.clip((outer - away) / (outer - inner), 0, 1).astype(np.float32)
        edge = np.minimum(np.minimum(x, size - x), np.minimum(y + size, size - y)) / size
        self.masks = [ramp(1.0, 1.15), ramp(1.1, 1.6), ramp(1.3, 1.4), ramp(1.45, 1.8), np.ones((MASK, MASK), np.float32),
                      np.clip(edge * 8, 0, 1).astype(np.float32)]


class Scene:
    """A picture in the making: pixels, who owns each pixel, and the faces so far."""

    def __init__(self, canvas):
        self.canvas, self.faces = canvas, []
        self.owner = np.zeros(canvas.shape[:2], np.int16)

    def blend(self, patch, cover, x, y, owner=0):
        """Lays `patch` [h,w,3] over the canvas at x, y with `cover` [h,w,1] in 0..1; what lies outside is cut."""
        height, width = self.canvas.shape[:2]
        x0, y0, x1, y1 = max(0, x), max(0, y), min(width, x + patch.shape[1]), min(height, y + patch.shape[0])
        if x0 >= x1 or y0 >= y1:
            return
        inside = slice(y0 - y, y1 - y), slice(x0 - x, x1 - x)
        patch, cover = patch[inside], cover[inside]
        below = self.canvas[y0:y1, x0:x1]
        below[:] = np.clip(below + (patch.astype(np.float32) - below) * cover + .5, 0, 255).astype(np.uint8)
        self.owner[y0:y1, x0:x1][cover[..., 0] > .5] = owner

    def labels(self):
        """boxes [F,4], landmarks [F,10], certain [F] (False: neither a face nor none)."""
        boxes, marks, certain = [], [], []
        for number, (box, points, area) in enumerate(self.faces, 1):
            seen = (self.owner == number).sum() / area
            if seen >= LEAST_SEEN:
                boxes.append(box)
                marks.append(points.reshape(10))
                certain.append(seen >= LEAST_KNOWN)
        return (np.array(boxes, np.float32).reshape(-1, 4), np.array(marks, np.float32).reshape(-1, 10),
                np.array(certain, bool))


def placement(portrait, rng, size, centre, tilt):
    """2x3 from the portrait to the canvas: a face of about `size`, turned by up to `tilt` degrees, perhaps mirrored, a little
    wider or narrower."""
    box = portrait.box
    extent = (box[2:] - box[:2]).max()
    mirrored, angle = rng.random() < .5, np.deg2rad(rng.normal(0, tilt / 2) if tilt else 0)
    stretch = np.exp(rng.normal(0, .08))
    scale = np.diag([size / extent * stretch * (-1 if mirrored else 1), size / extent / stretch])
    shear = np.array([[1, rng.normal(0, .05)], [0, 1]])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ shear @ scale
    offset = np.array(centre) - turn @ ((box[:2] + box[2:]) / 2)
    return np.hstack([turn, offset[:, None]]), mirrored


def turned_box(box, m):
    """The upright box around the ellipse that fills `box`, after m."""
    centre = m[:, :2] @ ((box[:2] + box[2:]) / 2) + m[:, 2]
    reach = np.sqrt(((m[:, :2] * ((box[2:] - box[:2]) / 2)) ** 2).sum(1))
    return np.concatenate([centre - reach, centre + reach])


def warped(portrait, m, mask, limits):
    """(patch, cover, x, y): the portrait and its mask after m, cut to limits (width, height)."""
    size = portrait.levels[0].shape[0]
    corners = m[:, :2] @ np.array([[0, size, 0, size], [0, 0, size, size]], np.float64) + m[:, 2:]
    x0, y0 = np.maximum(np.floor(corners.min(1)), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(corners.max(1)), limits).astype(int)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    scale = np.sqrt(abs(np.linalg.det(m[:, :2])))
    level = int(np.clip(np.floor(-np.log2(max(scale, 1e-3)) + .3), 0, len(portrait.levels) - 1))
    shift = np.array([x0, y0])

    def draw(source, border):
        factor = size / source.shape[0]
        # pixel centres of a reduced level lie half a step in
        offset = m[:, :2] @ np.full(2, (factor - 1) / 2) + m[:, 2] - shift
        local = np.hstack([m[:, :2] * factor, offset[:, None]])
        return cv2.warpAffine(source, local, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR, borderMode=border)

    patch = draw(portrait.levels[level], cv2.BORDER_REPLICATE)
    cover = draw(portrait.masks[mask], cv2.BORDER_CONSTANT)
    return patch, cover[..., None], int(x0), int(y0)


def lit(patch, rng):
    """Other light on a face: gain, contrast, a shade from one side."""
    patch = patch.astype(np.float32)
    if rng.random() < .6:
        mean = patch.mean()
        patch = (patch - mean) * rng.uniform(.5, 1.3) + mean * rng.uniform(.55, 1.4)
    if rng.random() < .35:
        ramp = np.linspace(-1, 1, patch.shape[1] if rng.random() < .7 else patch.shape[0], dtype=np.float32)
        ramp = ramp[None, :, None] if ramp.size == patch.shape[1] else ramp[:, None, None]
        patch = patch * (1 + ramp * rng.uniform(-.6, .6))
    return patch


def add_face(scene, portrait, rng, size, centre, tilt, mask=None):
    m, mirrored = placement(portrait, rng, size, centre, tilt)
    drawn = warped(portrait, m, int(rng.integers(len(portrait.masks))) if mask is None else mask, scene.canvas.shape[1::-1])
    if drawn is None:
        return
    patch, cover, x, y = drawn
    scene.blend(lit(patch, rng), cover, x, y)
    box, points = turned_box(portrait.box, m), portrait.marks @ m[:, :2].T + m[:, 2]
    scene.faces.append((box, points[SWAP] if mirrored else points, max(1., np.pi / 4 * (box[2:] - box[:2]).prod())))
    centre, axes = tuple(int(v) for v in (box[:2] + box[2:]) / 2), tuple(max(1, int(v)) for v in (box[2:] - box[:2]) / 2)
    cv2.ellipse(scene.owner, centre, axes, 0, 0, 360, len(scene.faces), -1)
    if size >= 16:
        disguise(scene, scene.faces[-1][1], rng)


def disguise(scene, points, rng):
    """Moustache, beard, glasses, hair or a hat's brim; now and then something in front of the face."""
    left, right, nose, mouth_left, mouth_right = points
    across, mouth = right - left, (mouth_left + mouth_right) / 2
    eyes, angle = np.linalg.norm(across), np.rad2deg(np.arctan2(across[1], across[0]))
    down = mouth - (left + right) / 2
    whole = lambda p: tuple(int(round(v * 16)) for v in p)
    hair = np.clip(rng.choice([20, 45, 90, 150, 215]) + rng.normal(0, 12, 3), 0, 255)

    def ellipse(centre, axes, shade, thickness=-1, begin=0, end=360):
        cv2.ellipse(scene.canvas, whole(centre), tuple(max(8, int(a * 16)) for a in axes), angle, begin, end, tuple(shade), thickness,
                    cv2.LINE_AA, 4)

    if rng.random() < .14:
        ellipse(nose * .35 + mouth * .65, (eyes * rng.uniform(.25, .45), eyes * rng.uniform(.06, .14)), hair)
    if rng.random() < .06:
        chin, keep = mouth + down * rng.uniform(.35, .5), scene.canvas.copy()
        ellipse(chin, (eyes * rng.uniform(.4, .75), eyes * rng.uniform(.3, .5)), hair)
        cv2.addWeighted(scene.canvas, .85, keep, .15, 0, scene.canvas)
    if rng.random() < .14:
        rim = tuple(rng.uniform(0, 90, 3)) if rng.random() < .8 else tuple(rng.uniform(120, 220, 3))
        dark = rng.random() < .15
        for eye in (left, right):
            axes = eyes * rng.uniform(.24, .34), eyes * rng.uniform(.2, .32)
            ellipse(eye, axes, rim, -1 if dark else max(1, int(eyes * .05)))
        cv2.line(scene.canvas, whole(left * .7 + right * .3), whole(left * .3 + right * .7), rim, max(1, int(eyes * .05)), cv2.LINE_AA, 4)
    if rng.random() < .12:
        brow = (left + right) / 2 - down * rng.uniform(.55, 1.0)
        ellipse(brow, (eyes * rng.uniform(.9, 1.5), eyes * rng.uniform(.2, .5)), hair if rng.random() < .6 else colour(rng))
    if rng.random() < .06:
        corner = points[rng.integers(5)] + rng.normal(0, .35 * eyes, 2)
        reach = eyes * rng.uniform(.2, .6, 2)
        shade = colour(rng)
        x0, y0, x1, y1 = (int(v) for v in (*(corner - reach), *(corner + reach)))
        cv2.rectangle(scene.canvas, (x0, y0), (x1, y1), shade, -1)
        scene.owner[max(0, y0):max(0, y1), max(0, x0):max(0, x1)] = 0


# ---------------------------------------------------------------- what is no face


def add_fragment(scene, portrait, rng, size, centre):
    """An eye, a mouth or a cheek alone."""
    eyes = np.linalg.norm(portrait.marks[1] - portrait.marks[0])
    at = portrait.marks[rng.integers(5)] + rng.normal(0, .12, 2) * eyes
    reach = eyes * rng.uniform(.2, .42)
    picture = portrait.levels[0]
    x0, y0 = np.maximum((at - reach).astype(int), 0)
    piece = picture[y0:int(at[1] + reach) + 1, x0:int(at[0] + reach) + 1]
    put(scene, piece, rng, size, centre)


def add_shuffled(scene, portrait, rng, size, centre):
    """A face in tiles, none in its place."""
    n = 2 if rng.random() < .5 else 3
    x0, y0, x1, y1 = np.clip(portrait.box, 0, portrait.levels[0].shape[0] - 1).astype(int)
    face = cv2.resize(portrait.levels[0][y0:y1, x0:x1], (24 * n, 24 * n) if size < 72 else (64 * n, 64 * n),
                      interpolation=cv2.INTER_AREA)
    side, order = face.shape[0] // n, np.roll(np.arange(n * n), rng.integers(1, n * n))
    if n == 3:
        order = rng.permutation(n * n)
        order = np.roll(order, 1) if order[4] == 4 else order
    out = np.empty_like(face)
    for to, source in enumerate(order):
        ty, tx, sy, sx = to // n * side, to % n * side, source // n * side, source % n * side
        out[ty:ty + side, tx:tx + side] = face[sy:sy + side, sx:sx + side]
    put(scene, out, rng, size, centre)


def put(scene, piece, rng, size, centre):
    """A rectangle of something, with hard or soft edges."""
    if min(piece.shape[:2]) < 2 or size < 4:
        return
    scale = size / max(piece.shape[:2])
    height, width = (max(2, int(t * scale)) for t in piece.shape[:2])
    piece = cv2.resize(piece, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    y, x = np.mgrid[0:height, 0:width]
    cover = np.ones((height, width), np.float32)
    if rng.random() < .6:
        away = np.hypot((x + .5) / width * 2 - 1, (y + .5) / height * 2 - 1)
        cover = np.clip((1 - away) * rng.uniform(3, 8), 0, 1).astype(np.float32)
    scene.blend(lit(piece, rng), cover[..., None], int(centre[0] - width / 2), int(centre[1] - height / 2))


def add_blob(scene, rng, size, centre):
    """A skin-coloured head without a face, the back of a head, or a hand."""
    centre, kind = np.array(centre), rng.random()
    side = int(size * 1.5) + 4
    patch, cover = np.zeros((side, side, 3), np.float32), np.zeros((side, side), np.uint8)
    patch[:] = skin(rng) if kind < .7 else rng.uniform(10, 110, 3)
    angle, middle = rng.normal(0, 20), (side // 2, side // 2)
    if kind < .35:
        reach = size / 2
        cv2.ellipse(cover, middle, (int(reach * .6), int(reach * .6)), 0, 0, 360, 255, -1, cv2.LINE_AA)
        for finger in np.linspace(-.9, .9, 5) + rng.normal(0, .08, 5):
            way = np.deg2rad(angle - 90) + finger
            tip = tuple(int(v) for v in side / 2 + np.array([np.cos(way), np.sin(way)]) * reach * rng.uniform(.9, 1.35))
            cv2.line(cover, middle, tip, 255, max(1, int(size * .13)), cv2.LINE_AA)
    else:
        cv2.ellipse(cover, middle, (max(1, int(size * rng.uniform(.33, .45))), size // 2), angle, 0, 360, 255, -1, cv2.LINE_AA)
    y, x = np.mgrid[0:side, 0:side] / side - .5
    patch += ((x * rng.uniform(-90, 90) + y * rng.uniform(-90, 90)) + rng.standard_normal((side, side)) * rng.uniform(0, 12))[..., None]
    for _ in range(rng.integers(0, 3)):
        at, shade = tuple(int(v) for v in rng.uniform(.3, .7, 2) * side), float(rng.uniform(0, 160))
        cv2.ellipse(patch, at, tuple(int(v) + 1 for v in rng.uniform(.03, .15, 2) * size), 0, 0, 360, (shade,) * 3, -1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(cover, (0, 0), max(.4, size * .02)).astype(np.float32)[..., None] / 255
    scene.blend(np.clip(patch, 0, 255), soft, int(centre[0] - side / 2), int(centre[1] - side / 2))


def add_nothing(scene, portraits, backgrounds, rng, size, centre):
    kind = rng.random()
    portrait = portraits[rng.integers(len(portraits))]
    if kind < .18:
        add_fragment(scene, portrait, rng, max(6, size * .8), centre)
    elif kind < .34:
        add_shuffled(scene, portrait, rng, int(size), centre)
    elif kind < .5:
        add_blob(scene, rng, max(6, int(size)), centre)
    else:
        stamp, cover = backgrounds.stamp(rng, int(max(8, size * rng.uniform(1, 3.5))))
        scene.blend(lit(stamp, rng), cover, int(centre[0] - stamp.shape[1] / 2), int(centre[1] - stamp.shape[0] / 2))


# ---------------------------------------------------------------- scenes


def add_person(scene, portraits, backgrounds, rng, size, x, y, dark):
    """Shoulders in a suit or a dress, and a head; now and then a head without a face."""
    cloth = rng.uniform(8, 60) + rng.normal(0, 5, 3) if dark else rng.uniform(0, 255, 3)
    neck, wide, low = y + size * .45, size * rng.uniform(.9, 1.4), y + size * rng.uniform(2, 4)
    body = np.array([[x - size * .3, neck], [x + size * .3, neck], [x + wide, neck + size * .6], [x + wide, low],
                     [x - wide, low], [x - wide, neck + size * .6]]).astype(np.int32)
    cv2.fillPoly(scene.canvas, [body], tuple(np.clip(cloth, 0, 255)), cv2.LINE_AA)
    cv2.fillPoly(scene.owner, [body], 0)
    if rng.random() < .6:
        shirt = np.array([[x - size * .22, neck], [x + size * .22, neck], [x, neck + size * rng.uniform(.4, 1)]]).astype(np.int32)
        cv2.fillPoly(scene.canvas, [shirt], (float(rng.uniform(150, 250)),) * 3, cv2.LINE_AA)
        tie = np.array([[x - size * .06, neck], [x + size * .06, neck], [x, neck + size * .7]]).astype(np.int32)
        cv2.fillPoly(scene.canvas, [tie], (float(rng.uniform(0, 90)),) * 3, cv2.LINE_AA)
    if rng.random() < .9:
        add_face(scene, portraits[rng.integers(len(portraits))], rng, size, (x, y), 14, int(rng.integers(4)))
    elif size >= 8:
        add_blob(scene, rng, max(6, int(size * 1.1)), (x, y))


def group(scene, portraits, backgrounds, rng):
    """Rows of people, the hindmost first."""
    extent, size = scene.canvas.shape[0], np.exp(rng.uniform(np.log(SMALLEST), np.log(70)))
    step, dark = size * rng.uniform(1.25, 2.2), rng.random() < .7
    rows = min(int(rng.integers(1, 4)), int(extent / (size * 2)) + 1)
    y = rng.uniform(.8 * size, max(size, extent - rows * size * 1.6))
    for _ in range(rows):
        for x in np.arange(rng.uniform(-.5, .5) * step, extent + step, step)[:14]:
            if rng.random() < .85:
                add_person(scene, portraits, backgrounds, rng, size * np.exp(rng.normal(0, .08)),
                           x + rng.normal(0, .12) * step, y + rng.normal(0, .15) * size, dark)
        y, size = y + size * rng.uniform(1.2, 1.8), size * rng.uniform(1, 1.15)


def scattered(scene, portraits, backgrounds, rng):
    """Faces and other things anywhere, from SMALLEST to LARGEST pixels."""
    extent = scene.canvas.shape[0]
    largest = min(LARGEST, extent * .95)
    for _ in range(int(rng.integers(1, 7))):
        size = np.exp(rng.uniform(np.log(SMALLEST), np.log(largest)))
        room = size * .4 if rng.random() < .9 else 0
        centre = rng.uniform(min(room, extent / 2), max(extent - room, extent / 2), 2)
        if rng.random() < .3:
            add_nothing(scene, portraits, backgrounds, rng, size, centre)
        elif all(np.abs(centre - (b[:2] + b[2:]) / 2).max() > (size + (b[2:] - b[:2]).max()) * .45 for b, _, _ in scene.faces):
            add_face(scene, portraits[rng.integers(len(portraits))], rng, size, centre, 40 if rng.random() < .5 else 10)


def picture(portraits, backgrounds, rng, size, old=True):
    """(uint8 BGR [size,size,3], boxes, landmarks, certain); `old`: aged, as for training."""
    scene, kind = Scene(backgrounds.make(rng, size)), rng.random()
    if rng.random() < .5:
        for _ in range(int(rng.integers(1, 6))):
            add_nothing(scene, portraits, backgrounds, rng, np.exp(rng.uniform(np.log(10), np.log(size * .6))), rng.uniform(0, size, 2))
    if kind < .33:
        group(scene, portraits, backgrounds, rng)
    elif kind < .83:
        scattered(scene, portraits, backgrounds, rng)
    boxes, marks, certain = scene.labels()
    typical = np.median((boxes[:, 2:] - boxes[:, :2]).max(1)) if len(boxes) else 60
    return aged(scene.canvas, rng, typical) if old else scene.canvas, boxes, marks, certain


def aged(canvas, rng, typical):
    """Grey, sepia, soft focus, flat or hard print, grain, vignette, JPEG; `typical` is the size of a face."""
    size, canvas = canvas.shape[0], canvas.astype(np.float32)
    tone = rng.random()
    if tone < .5:
        grey = canvas @ np.array([.114, .587, .299], np.float32)
        if tone < .1:
            canvas = grey[..., None] * np.array([rng.uniform(.6, .85), rng.uniform(.8, .95), 1], np.float32)
        else:
            canvas = np.repeat(grey[..., None], 3, 2)
    elif tone < .65:
        canvas = canvas * rng.uniform(.75, 1.25, 3).astype(np.float32)
    if rng.random() < .5:
        strength = rng.uniform(0, .05) * min(typical, 60)
        if strength > .25:
            canvas = cv2.GaussianBlur(canvas, (0, 0), strength)
    if rng.random() < .5:
        canvas = (np.clip(canvas, 0, 255) / 255) ** np.exp(rng.normal(0, .35)) * 255
        canvas = (canvas - 128) * rng.uniform(.5, 1.35) + 128 + rng.uniform(-30, 30)
    if rng.random() < .5:
        grain = rng.standard_normal((size, size, 1 if tone < .5 or rng.random() < .5 else 3), np.float32)
        if rng.random() < .5:
            grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(.5, 1.2)).reshape(size, size, -1) * 2
        canvas = canvas + grain * rng.uniform(1, 15)
    if rng.random() < .1:
        y, x = np.mgrid[0:size, 0:size] / size * 2 - 1
        canvas = canvas * (1 - rng.uniform(.2, .6) * np.clip(x * x + y * y, 0, 1.5) / 1.5)[..., None].astype(np.float32)
    canvas = np.clip(canvas, 0, 255).astype(np.uint8)
    if rng.random() < .35:
        coded = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(35, 95))])[1]
        canvas = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return canvas

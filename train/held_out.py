"""Held-out faces, damaged by the fixed recipes and restored by the built program itself: what measuring and drawing share."""
import json
import os
import subprocess
import tempfile

import cv2
import numpy as np

import damage
import face_pictures
import gpen_network


def originals(shared, count):
    """`count` held-out faces as BGR uint8 squares of the model's size."""
    held = face_pictures.face_files(face_pictures.find_shared(shared))[0][:count]
    return [face_pictures.place(f, gpen_network.SIZE).round().astype(np.uint8) for f in face_pictures.read_faces(held)]


def damaged(faces, recipe):
    """The same faces after one of damage.RECIPES; the noise of face i is always the same."""
    hurt = [damage.fixed_damage(x.astype(np.float32) / 255, recipe, np.random.default_rng([1, i])) for i, x in enumerate(faces)]
    return [(x * 255).round().astype(np.uint8) for x in hurt]


def restored(program, model, faces):
    """What `gpen enhance --aligned` makes of the faces with the model alone: mode plain, strength 100."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "in"), os.path.join(folder, "out")
        os.mkdir(source)
        for i, face in enumerate(faces):
            cv2.imwrite(os.path.join(source, f"{i:03d}.png"), face)
        command = [program, "enhance", source, "-o", target, "--aligned", "--model", model, "--mode", "plain", "--strength", "100", "--json"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        written = {}
        for line in done.stdout.splitlines():
            event = json.loads(line)
            if event.get("output"):
                written[os.path.basename(event["input"])] = event["output"]
        return [cv2.imread(written[f"{i:03d}.png"]) for i in range(len(faces))]

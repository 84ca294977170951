#!/usr/bin/env python3
"""A server that speaks the API of web/openapi.json and only pretends to restore: the page's tests stand on it where the real
one would be too slow or cannot be made to stumble. Prints its port, then serves until it is killed.

    mock_server.py [--port N] [--seconds S]     S: what a photo takes
"""
import argparse
import email.parser
import email.policy
import io
import json
import os
import queue
import re
import struct
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLE = os.path.join(ROOT, "assets", "example", "photo-degraded.jpg")
RESTORED = os.path.join(ROOT, "docs", "images", "photo-restored.jpg")
KINDS = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml",
         ".jpg": "image/jpeg", ".json": "application/json"}
CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
       "form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
SENTENCES = {"en": {"unreadable": "The picture is damaged and cannot be read in full.",
                    "advice": "Open it in another program; if it is damaged there too, copy it from its source again.",
                    "restored": "Restored.", "too_small": "Left as it was: it is smaller than asked for."},
             "zh": {"unreadable": "图片已损坏，无法完整读取。", "advice": "请用其他程序打开检查；如果同样损坏，请从来源重新复制。",
                    "restored": "已修复。", "too_small": "未处理：人脸小于设定的大小。"}}
LOOK = {"strength": (0, 100, 80), "denoise": (0, 100, 0), "sharpen": (0, 100, 0), "contrast": (-100, 100, 0),
        "brightness": (-100, 100, 0), "skin_protect": (0, 100, 0), "detail_boost": (0, 100, 0), "fading": (0, 100, 0),
        "dust": (0, 100, 0)}
HELP = {"strength": ("0: the faces as they came, 100: the restored.", "0 为原样，100 为完全修复。"),
        "denoise": ("Less grain and noise in the whole photo.", "减少整张照片的颗粒和噪点。"),
        "sharpen": ("Crisper edges in the whole photo.", "让整张照片的边缘更清晰。"),
        "contrast": ("Of the whole photo.", "整张照片的对比度。"), "brightness": ("Of the whole photo.", "整张照片的亮度。"),
        "skin_protect": ("Holds the colour of skin to the photo's own.", "使肤色与原照片保持一致。"),
        "detail_boost": ("Crisper eyes, brows and lips.", "让眼睛、眉毛和嘴唇更清晰。"),
        "fading": ("Brings back the colours of a faded print.", "还原褪色照片的颜色。"),
        "dust": ("Takes thin scratches and specks away, outside faces.", "去除人脸以外的细小划痕和斑点。"),
        "likeness": ("A face that would become somebody else is restored less, or left as it was.",
                     "如果修复后不再像本人，则减弱修复或保持原样。"),
        "max_edge": ("Larger results are reduced to this.", "更大的结果会缩小到此尺寸。")}
PRESETS = [("everyday", "Everyday", "日常照片", "A good photo that is a little soft.", "质量尚可、略有模糊的照片。", {}),
           ("classic", "Classic", "经典", "Even, gentle, a little cleaner and crisper: suits most old prints.",
            "均衡柔和，略加清理和锐化，适合大多数老照片。", {"strength": 60, "denoise": 30, "sharpen": 50}),
           ("light-touch", "Light touch", "轻度", "For faces that are good already and only need a little.",
            "适合本来就清楚、只需稍作改善的人脸。", {"strength": 40}),
           ("old-photo", "Old photo", "老照片", "Faded, scratched, grainy: brings colour back and takes specks away.",
            "褪色、划痕、颗粒明显：还原颜色，去除斑点。", {"denoise": 40, "fading": 60, "dust": 50}),
           ("very-blurred", "Very blurred", "严重模糊", "Hardly a face any more: replaced as well as can be.",
            "几乎看不清人脸：尽力重建。", {"mode": "strong", "strength": 100})]


def model(name, kind, license_, **more):
    return {**{"name": name, "kind": kind, "size": None, "bytes": None, "license": license_, "license_accepted": license_ == "MIT",
               "purpose": None, "installed": False, "bundled": False, "usable": True, "published": True, "chosen": False,
               "state": "missing", "received": None, "total": None, "reason": None, "detail": None}, **more}


def bundled(name, kind, size, count):
    return model(name, kind, "CC0", size=size, bytes=count, installed=True, bundled=True, published=False, state="installed")


def dimensions(data):
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return struct.unpack(">II", data[16:24])
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        kind, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        if 0xC0 <= kind <= 0xC3:
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return width, height
        at += 2 + length
    return None


def whole(data):
    return data.endswith(b"\xff\xd9") or b"IEND" in data[-16:]


class House:
    """All that the server knows."""

    def __init__(self, seconds):
        self.lock = threading.RLock()
        self.seconds = seconds
        self.batches, self.items, self.inputs = {}, {}, {}
        self.presets = {}
        self.listeners = []
        self.refuse_events_until = 0.0
        self.broken_uploads = 0
        self.models = [bundled("gpen-mini", "restorer", 256, 7800000), bundled("retinaface-mini", "detector", None, 1700000),
                       model("GPEN-BFR-512", "restorer", "research, non-commercial (Alibaba DAMO)", size=512),
                       model("GPEN-BFR-1024", "restorer", "research, non-commercial (Alibaba DAMO)", size=1024),
                       model("RetinaFace-R50", "detector", "MIT", bytes=109497761),
                       model("ParseNet", "parser", "MIT", bytes=85331193),
                       model("RealESRNet-x2", "upscaler", "research, non-commercial (Alibaba DAMO)", usable=False)]
        self.chosen = {"restorer": None, "detector": None, "parser": None}
        self.machine = {"workers": "auto", "threads": "auto", "precision": "auto", "device": "auto", "batch_size": "auto",
                        "kept_mib": "auto"}
        with open(EXAMPLE, "rb") as file:
            self.example = file.read()
        with open(RESTORED, "rb") as file:
            self.restored = file.read()
        threading.Thread(target=self.work, daemon=True).start()

    # ------------------------------------------------------------ telling

    def tell(self, kind, make):
        for listener in list(self.listeners):
            listener.put((kind, make))

    def tell_item(self, item):
        self.tell("item", lambda language: self.show_item(item, language))
        self.tell("batch", lambda language: self.show_batch(self.batches[item["batch"]]))

    def show_item(self, item, language):
        words = SENTENCES[language]
        shown = {key: value for key, value in item.items() if key != "settings"}
        shown["reason_text"] = item["reason"] and words["unreadable"]
        shown["advice"] = item["reason"] and words["advice"]
        shown["faces"] = [{**face, "state_text": words[face["state"]]} for face in item["faces"]]
        return shown

    def show_batch(self, batch):
        items = [self.items[each] for each in batch["items"]]
        counts = {state: sum(item["state"] == state for item in items)
                  for state in ("queued", "running", "done", "failed", "cancelled")}
        left = counts["queued"] + counts["running"]
        state = ("cancelled" if batch["cancelled"] else "done") if not left else "paused" if batch["paused"] else \
            "running" if counts["done"] + counts["failed"] + counts["running"] else "waiting"
        return {"id": batch["id"], "name": batch["name"], "single": batch["single"], "created": batch["created"], "settings": batch["settings"],
                "ended": None if left else int(time.time() * 1000), "state": state, "counts": counts, "total": len(items),
                "seconds_a_photo": self.seconds if counts["done"] else None, "remaining_seconds": left * self.seconds or None}

    # ------------------------------------------------------------ working

    def next_queued(self):
        for batch in self.batches.values():
            if not batch["paused"]:
                for each in batch["items"]:
                    if self.items[each]["state"] == "queued":
                        return self.items[each]
        return None

    def work(self):
        while True:
            with self.lock:
                item = self.next_queued()
                if item:
                    item.update(state="running", stage="decode", reason=None, attempts=item["attempts"] + 1)
                    self.tell_item(item)
            if not item:
                time.sleep(0.02)
                continue
            begun = time.time()
            for stage in ("decode", "detect", "restore", "finish", "save"):
                time.sleep(self.seconds / 5)
                with self.lock:
                    item["stage"] = stage
                    progress = {"item": item["id"], "batch": item["batch"], "stage": stage, "faces": 1, "faces_done": 0,
                                "seconds": time.time() - begun}
                    self.tell("progress", lambda language, progress=progress: progress)
            with self.lock:
                if item["id"] in self.items:
                    self.finish(item, time.time() - begun)
                    self.tell_item(item)

    def finish(self, item, seconds):
        data = self.inputs[item["id"]]
        item.update(seconds=round(seconds, 2), stage=None)
        if not whole(data):
            item.update(state="failed", reason="unreadable", detail="premature end of file in image data")
            return
        width, height = dimensions(data)
        boxes = [[0.34 * width, 0.11 * height, 0.55 * width, 0.38 * height], [0.80 * width, 0.52 * height, 0.84 * width,
                                                                            0.57 * height]]
        boxes += item["settings"].get("extra_faces", [])
        faces = [{"index": index, "box": box, "score": 0.99, "landmarks": [], "strength": 80,
                  "state": "too_small" if index == 1 else "restored",
                  "saved": index != 1 and bool(item["settings"].get("save_faces"))} for index, box in enumerate(boxes)]
        item.update(state="done", width=width, height=height, faces=faces, faces_total=len(faces), faces_done=len(faces) - 1,
                    output_name=item["name"], receipt={"program": "gpen (mock)", "model": "gpen-mini",
                                                       "settings": {"mode": "natural", "strength": 80}, "altered_by_model": True})

    def output(self, item):
        data = self.inputs[item["id"]]
        return self.restored if data == self.example else data

    # ------------------------------------------------------------ taking

    def add_photos(self, batch, photos):
        for name, data in photos:
            id_ = len(self.inputs) + 1
            batch["items"].append(id_)
            self.inputs[id_] = data
            self.items[id_] = {"id": id_, "batch": batch["id"], "position": len(batch["items"]), "name": name, "state": "queued",
                               "reason": None, "detail": None, "attempts": 0, "stage": None, "faces_done": 0, "faces_total": 0,
                               "seconds": None, "width": None, "height": None, "faces": [], "output_name": None, "receipt": None,
                               "settings": batch["settings"]}
        self.tell("batch", lambda language: self.show_batch(batch))

    def add_batch(self, name, settings, photos, single=False):
        id_ = max(self.batches, default=0) + 1
        self.batches[id_] = {"id": id_, "name": name, "single": single, "created": int(time.time() * 1000), "settings": settings, "items": [],
                             "paused": False, "cancelled": False}
        self.add_photos(self.batches[id_], photos)
        return self.batches[id_]

    def pull(self, name):
        entry = next(each for each in self.models if each["name"] == name)
        total = entry["bytes"] or 284000000
        for part in range(1, 11):
            time.sleep(0.08)
            entry.update(state="pulling", received=total * part // 10, total=total, license_accepted=True)
            self.tell_model(entry)
        entry.update(state="installed", installed=True, bytes=total)
        self.tell_model(entry)

    def tell_model(self, entry):
        shown = {key: entry[key] for key in ("name", "received", "total", "state", "reason", "detail")}
        self.tell("model", lambda language: shown)

    def model_list(self):
        able = [each for each in self.models if each["installed"] and each["usable"]]
        best = {each["kind"]: each["name"] for each in sorted(able, key=lambda each: each["size"] or 0)}
        using = {kind: self.chosen[kind] or best.get(kind) for kind in self.chosen}
        return {"models": self.models, "chosen": self.chosen, "using": using, "can_pull": True}

    def system(self):
        running = [item for item in self.items.values() if item["state"] == "running"]
        queued = sum(item["state"] == "queued" for item in self.items.values())
        return {"version": "0.1.0", "device": "cpu", "level": "avx2", "precision": "fp32", "cores": 2, "held": None,
                "memory": {"total": 8 << 30, "available": 5 << 30, "used": 300 << 20}, "chosen": self.machine,
                "workers": [{"pid": 1, "state": "working" if running else "ready", "item": None, "memory": 260 << 20}],
                "queue": {"queued": queued, "running": len(running)},
                "storage": {"kept": sum(map(len, self.inputs.values())), "most": 8 << 30, "free": 9 << 30},
                "plan_en": "One worker with two threads: this machine has two cores.",
                "plan_zh": "一个进程、两个线程：本机有两个核心。"}

    def description(self):
        limits = [{"name": name, "kind": "integer", "least": least, "most": most, "choices": None}
                  for name, (least, most, _) in LOOK.items()]
        limits += [{"name": "quality", "kind": "integer", "least": 1, "most": 100, "choices": None},
                   {"name": "max_edge", "kind": "integer", "least": 16, "most": 65500, "choices": None},
                   {"name": "min_face", "kind": "integer", "least": 0, "most": 65500, "choices": None},
                   {"name": "mode", "kind": "choice", "least": None, "most": None,
                    "choices": ["natural", "strong", "detail", "plain"]},
                   {"name": "format", "kind": "choice", "least": None, "most": None,
                    "choices": ["keep", "png", "jpeg", "webp", "tiff"]},
                   {"name": "preset", "kind": "text", "least": None, "most": None, "choices": None},
                   {"name": "extra_faces", "kind": "list", "least": None, "most": None, "choices": None}]
        limits += [{"name": name, "kind": "boolean", "least": None, "most": None, "choices": None}
                   for name in ("likeness", "save_faces", "require_face", "aligned")]
        for limit in limits:
            limit["help_en"], limit["help_zh"] = HELP.get(limit["name"], ("", ""))
        return {"defaults": {**{name: default for name, (_, _, default) in LOOK.items()}, "mode": "natural", "format": "keep",
                             "quality": 95, "max_edge": None, "min_face": 16, "likeness": True, "save_faces": False,
                             "require_face": False, "aligned": False, "faces": "all"},
                "limits": limits,
                "presets": [dict(zip(("name", "title_en", "title_zh", "why_en", "why_zh", "settings"), preset))
                            for preset in PRESETS]}


class Refused(Exception):
    def __init__(self, status, detail, reason=None):
        super().__init__(detail)
        self.status, self.reason = status, reason


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    house = None

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        self.wfile = io.BufferedWriter(self.wfile)

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass  # the page went away in the middle

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass

    # ------------------------------------------------------------ answers

    def send_bytes(self, data, kind, status=200, **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", CSP)
        self.send_header("Cache-Control", "no-cache")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def send_json(self, value, status=200, kind="application/json"):
        self.send_bytes(json.dumps(value).encode(), kind, status)

    def send_nothing(self):
        self.send_bytes(b"", "text/plain", 204)

    def send_file(self, path):
        base = os.path.join(ROOT, "web")
        path = EXAMPLE if path == "assets/example.jpg" else os.path.normpath(os.path.join(base, re.sub("^assets/", "", path)))
        if not os.path.isfile(path):
            raise Refused(404, "There is nothing here.")
        with open(path, "rb") as file:
            self.send_bytes(file.read(), KINDS.get(os.path.splitext(path)[1], "application/octet-stream"))

    # ------------------------------------------------------------ questions

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def json_body(self):
        return json.loads(self.body() or b"{}")

    def parts(self):
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + self.body())
        return [(part.get_param("name", header="content-disposition"), part.get_filename(), part.get_payload(decode=True))
                for part in message.iter_parts()]

    def photos(self):
        fields, photos = {}, []
        for name, filename, data in self.parts():
            if name == "photo":
                photos.append((filename, data))
            else:
                fields[name] = data.decode()
        return fields, photos

    def answer(self, method):
        url = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.language = "zh" if self.query.get("lang") == "zh" else "en"
        try:
            if not url.path.startswith("/api/v1/"):
                self.outside(method, url.path)
                return
            words = [unquote(word) for word in url.path[len("/api/v1/"):].split("/")]
            with self.house.lock if words[0] != "events" else threading.Lock():
                getattr(self, words[0])(method, *words[1:])
        except Refused as refused:
            self.send_json({"type": "about:blank", "title": "Refused", "status": refused.status, "detail": str(refused),
                            **({"reason": refused.reason} if refused.reason else {})}, refused.status, "application/problem+json")

    def do_GET(self):
        self.answer("GET")

    def do_POST(self):
        self.answer("POST")

    def do_PUT(self):
        self.answer("PUT")

    def do_DELETE(self):
        self.answer("DELETE")

    def outside(self, method, path):
        if path == "/mock/lose":  # the line to all who follow events breaks, for as long as the body says
            self.house.refuse_events_until = time.time() + self.json_body()["seconds"]
            for listener in list(self.house.listeners):
                listener.put(None)
            self.send_nothing()
        elif path == "/mock/break-uploads":  # the next so many break off before an answer
            self.house.broken_uploads = self.json_body()["count"]
            self.send_nothing()
        elif path == "/login" and method == "POST":
            self.send_nothing()
        else:
            self.send_file(path.lstrip("/") or "index.html")

    # ------------------------------------------------------------ the API, a function for each first word of a path

    def break_off(self):
        if not self.house.broken_uploads:
            return False
        self.house.broken_uploads -= 1
        # An answer that is cut: a connection that breaks before any is tried again by the browser, unseen by the page.
        self.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n")
        self.wfile.flush()
        self.close_connection = True
        return True

    def batches(self, method, id_=None, what=None):
        house = self.house
        if id_ is None and method == "GET":
            limit = int(self.query.get("limit", 100))
            single = self.query.get("single")
            ids = sorted((each for each in house.batches if each < int(self.query.get("before", 1 << 62)) and
                          single in (None, "1" if house.batches[each]["single"] else "0")), reverse=True)
            self.send_json({"batches": [house.show_batch(house.batches[each]) for each in ids[:limit]],
                            "next": ids[limit - 1] if len(ids) > limit else None})
            return
        if id_ is None:
            if self.break_off():
                return
            fields, photos = self.photos()
            batch = house.add_batch(fields.get("name", ""), json.loads(fields.get("settings", "{}")), photos, fields.get("single") == "1")
            self.send_json(house.show_batch(batch), 201)
            return
        batch = house.batches.get(int(id_))
        if not batch:
            raise Refused(404, "There is no such batch.")
        items = [house.items[each] for each in batch["items"]]
        if what == "items":
            after, limit = int(self.query.get("after", 0)), int(self.query.get("limit", 100))
            state = self.query.get("state")
            there = [item for item in items if item["position"] > after and state in (None, item["state"])]
            self.send_json({"items": [house.show_item(item, self.language) for item in there[:limit]],
                            "next": there[limit - 1]["position"] if len(there) > limit else None})
            return
        if what == "zip":
            data = io.BytesIO()
            with zipfile.ZipFile(data, "w") as archive:
                for item in items:
                    if item["state"] == "done":
                        archive.writestr(item["output_name"], house.output(item))
            self.send_bytes(data.getvalue(), "application/zip", Content_Disposition='attachment; filename="batch.zip"')
            return
        if method == "DELETE":
            del house.batches[batch["id"]]
            self.send_nothing()
            return
        if what == "photos":
            if self.break_off():
                return
            house.add_photos(batch, self.photos()[1])
        elif what in ("pause", "resume"):
            batch["paused"] = what == "pause"
        elif what == "cancel":
            batch["cancelled"] = True
            for item in items:
                if item["state"] == "queued":
                    item["state"] = "cancelled"
        elif what == "retry":
            for item in items:
                self.queue_again(item)
        house.tell("batch", lambda language: house.show_batch(batch))
        self.send_json(house.show_batch(batch), 201 if what == "photos" else 200)

    def queue_again(self, item):
        if item["state"] == "failed":
            item.update(state="queued", reason=None, detail=None)
            self.house.tell_item(item)

    def items(self, method, id_, what=None, _face=None):
        house = self.house
        item = house.items.get(int(id_))
        if not item or item["batch"] not in house.batches:
            raise Refused(404, "There is no such photo.")
        if what in ("input", "output", "thumbnail", "preview", "render", "faces"):
            of = self.query.get("of", "input") if what in ("thumbnail", "preview", "faces") else "output" if what == "render" else what
            if what == "render":
                house.last_render = self.json_body()
            if not whole(house.inputs[item["id"]]) or (of == "output" and item["state"] != "done"):
                raise Refused(404, "There is no picture of it.")
            headers = {"Content_Disposition": 'attachment; filename="photo.jpg"'} if self.query.get("download") else {}
            self.send_bytes(house.output(item) if of == "output" else house.inputs[item["id"]], "image/jpeg", **headers)
            return
        if what == "retry":
            self.queue_again(item)
        elif what == "apply":
            batch = house.add_batch(item["name"], self.json_body()["settings"], [(item["name"], house.inputs[item["id"]])], True)
            self.send_json(house.show_item(house.items[batch["items"][0]], self.language), 201)
            return
        self.send_json(house.show_item(item, self.language))

    def models(self, method, name=None, what=None):
        house = self.house
        if name is None and method == "POST":
            _, filename, data = next(part for part in self.parts() if part[0] == "file")
            if len(data) < 16:
                raise Refused(422, "The model file is damaged or of another kind.", "model_invalid")
            entry = model(os.path.splitext(filename)[0], "restorer", None, size=256, bytes=len(data), installed=True,
                          published=False, state="installed")
            house.models.append(entry)
            self.send_json(entry, 201)
        elif name == "chosen":
            house.chosen.update(self.json_body())
            self.send_json(house.model_list())
        elif what == "pull":
            entry = next((each for each in house.models if each["name"] == name), None)
            if not self.json_body().get("accept_license") and not entry["license_accepted"]:
                raise Refused(409, "Its licence was not accepted.")
            entry.update(state="pulling", received=0, license_accepted=True)
            threading.Thread(target=house.pull, args=[name], daemon=True).start()
            self.send_json(entry, 202)
        else:
            self.send_json(house.model_list())

    def settings(self, _):
        self.send_json(self.house.description())

    def presets(self, method, name=None):
        own = self.house.presets
        if name is None:
            self.send_json({"presets": [{"name": each, "settings": own[each]} for each in own]})
        elif method == "PUT":
            own[name] = self.json_body()["settings"]
            self.send_json({"name": name, "settings": own[name]})
        else:
            own.pop(name, None)
            self.send_nothing()

    def system(self, method):
        if method == "PUT":
            self.house.machine.update(self.json_body())
        self.send_json(self.house.system())

    def events(self, _):
        if time.time() < self.house.refuse_events_until:
            raise Refused(503, "Not now.")
        listener = queue.Queue()
        self.house.listeners.append(listener)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        try:
            while True:
                try:
                    event = listener.get(timeout=5)
                except queue.Empty:
                    event = ()
                if event is None:
                    break
                if event:
                    kind, make = event
                    with self.house.lock:
                        data = json.dumps(make(self.language))
                    self.wfile.write(f"event: {kind}\ndata: {data}\n\n".encode())
                else:
                    self.wfile.write(b": still here\n\n")
                self.wfile.flush()
        except OSError:
            pass
        finally:
            self.house.listeners.remove(listener)


def main():
    parser = argparse.ArgumentParser(description="Pretends to be gpen serve, for the page's tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0.25, help="what a photo takes")
    arguments = parser.parse_args()
    Handler.house = House(arguments.seconds)
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()

"""Every operation of the description, called by a client that is made from it; every answer checked against its schema."""
import io
import json
import re
import threading
import zipfile

import description
import serving
from serving import PHOTO, Case, form, support

DOCUMENT = json.loads((serving.ROOT / "web" / "openapi.json").read_text())


class Api(Case):
    @classmethod
    def setUpClass(cls):
        photos = serving.Path(serving.tempfile.mkdtemp(prefix="gpen-photos-"))
        cls.photos = photos
        (photos / "deeper").mkdir()
        (photos / "deeper" / "one.png").write_bytes(support.png_bytes(80, 64, seed=1))
        (photos / "two.png").write_bytes(support.png_bytes(64, 64, seed=2))
        (photos / "notes.txt").write_text("no photo")
        cls.options = ("--allow", str(photos))
        super().setUpClass()
        cls.client = description.Client(cls.server, DOCUMENT)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        serving.shutil.rmtree(cls.photos)

    def make_batch(self, photos, settings=None, name=None):
        answer = self.client.createBatch(content=form(photos, settings, name))
        self.assertEqual(201, answer.status, answer.body)
        return answer.json["id"]

    def test_0_the_description_that_is_served_is_the_one_in_the_repository(self):
        self.assertEqual(DOCUMENT, self.client.describeApi().json)

    def test_1_a_batch_from_its_upload_to_its_zip(self):
        photo = PHOTO.read_bytes()
        batch = self.make_batch([("Holiday/portrait.jpg", photo), ("Holiday/broken.jpg", photo[:2000])],
                                {"strength": 60, "format": "png"}, "Holiday 2019")
        self.assertEqual("Holiday 2019", self.client.getBatch(batch=batch).json["name"])
        ended = self.server.wait(batch)
        self.assertEqual({"queued": 0, "running": 0, "done": 1, "failed": 1, "cancelled": 0}, ended["counts"])
        self.assertEqual(60, ended["settings"]["strength"])
        done, failed = self.client.listItems(batch=batch).json["items"]
        self.assertEqual(("done", "Holiday/portrait.jpg", "portrait.png"),
                         (done["state"], done["name"], done["output_name"]))
        self.assertEqual((512, 512), (done["width"], done["height"]))
        self.assertTrue(any(face["state"] == "restored" for face in done["faces"]))
        self.assertEqual("failed", failed["state"])
        self.assertEqual("unreadable", failed["reason"])
        self.assertTrue(failed["advice"])
        chinese = self.server.api("GET", f"/items/{failed['id']}?lang=zh").json
        self.assertIn("图片", chinese["reason_text"])
        self.assertEqual(photo, self.client.getInput(item=done["id"]).body)
        output = self.client.getOutput(item=done["id"], download="1")
        self.assertEqual("image/png", output.headers["Content-Type"])
        self.assertEqual('attachment; filename="portrait.png"', output.headers["Content-Disposition"])
        for side in ("input", "output"):
            small = self.client.getThumbnail(item=done["id"], of=side)
            self.assertEqual((200, b"\xff\xd8"), (small.status, small.body[:2]))
            self.assertEqual(200, self.client.getPreview(item=done["id"], of=side, edge=256).status)
        self.assertEqual(404, self.client.getOutput(item=failed["id"]).status)
        files = zipfile.ZipFile(io.BytesIO(self.client.zipBatch(batch=batch).body))
        self.assertIsNone(files.testzip())
        self.assertEqual(["Holiday/portrait.png"], files.namelist())
        self.assertEqual(output.body, files.read("Holiday/portrait.png"))
        self.assertEqual(200, self.client.retryItem(item=failed["id"]).status)
        self.server.wait(batch)
        self.assertEqual(2, self.client.getItem(item=failed["id"]).json["attempts"])
        self.assertEqual(409, self.client.retryItem(item=done["id"]).status)
        self.assertEqual(200, self.client.retryBatch(batch=batch).status)
        self.assertIn(batch, [one["id"] for one in self.client.listBatches(limit=5).json["batches"]])

    def test_2_pausing_adding_resuming_cancelling_deleting(self):
        photo = support.png_bytes(64, 64)
        batch = self.make_batch([(f"{number}.png", photo) for number in range(3)])
        self.assertEqual(200, self.client.pauseBatch(batch=batch).status)
        added = self.client.addPhotos(batch=batch, content=form([("late.png", photo)]))
        self.assertEqual((201, 4), (added.status, added.json["total"]))
        self.assertEqual(200, self.client.resumeBatch(batch=batch).status)
        self.assertEqual(4, self.server.wait(batch)["counts"]["done"])
        other = self.make_batch([(f"{number}.png", photo) for number in range(20)])
        self.client.pauseBatch(batch=other)
        self.assertEqual("cancelled", self.client.cancelBatch(batch=other).json["state"])
        for one in (batch, other):
            self.assertEqual(204, self.client.deleteBatch(batch=one).status)
            self.assertEqual(404, self.client.getBatch(batch=one).status)
            self.assertEqual(404, self.client.deleteBatch(batch=one).status)

    def test_3_photos_by_their_paths(self):
        answer = self.client.createBatch(json={"settings": {}, "paths": [str(self.photos)]})
        self.assertEqual((201, 2), (answer.status, answer.json["total"]))
        names = [item["name"] for item in self.server.items(answer.json["id"])]
        self.assertEqual(["deeper/one.png", "two.png"], names)
        self.server.wait(answer.json["id"])
        self.client.deleteBatch(batch=answer.json["id"])
        self.assertTrue((self.photos / "two.png").exists())

    def test_4_looks_without_the_network_and_at_full_size(self):
        batch = self.make_batch([("portrait.jpg", PHOTO.read_bytes())])
        self.server.wait(batch)
        item = self.server.items(batch)[0]["id"]
        first = self.client.renderItem(item=item, json={"settings": {"strength": 100}, "edge": 300})
        self.assertEqual((200, "image/jpeg"), (first.status, first.headers["Content-Type"]))
        none = self.client.renderItem(item=item, json={"settings": {"strength": 100}, "edge": 300, "faces": []})
        self.assertNotEqual(first.body, none.body)
        box = {"strength": 100, "likeness": False, "extra_faces": [[20, 400, 80, 480]]}
        drawn, other = (self.client.renderItem(item=item, json={"settings": {**box, **more}, "edge": 300}) for more in ({}, {"extra_faces": []}))
        self.assertEqual((200, "image/jpeg"), (drawn.status, drawn.headers["Content-Type"]))
        self.assertNotEqual(other.body, drawn.body)
        self.assertEqual(422, self.server.api("POST", f"/items/{item}/render", {"settings": {"strength": 101}}).status)
        applied = self.client.applyItem(item=item, json={"settings": {"strength": 20}})
        self.assertEqual(201, applied.status)
        self.assertNotEqual(batch, applied.json["batch"])
        made = self.client.getBatch(batch=applied.json["batch"]).json
        self.assertEqual((True, "portrait.jpg"), (made["single"], made["name"]))
        self.client.deleteBatch(batch=batch)
        self.assertEqual(1, self.server.wait(applied.json["batch"])["counts"]["done"])

    def test_4_faces_that_are_saved_by_themselves(self):
        # Two photos whose names differ in their endings only: each has faces of its own, and so has the zip.
        photo = PHOTO.read_bytes()
        batch = self.make_batch([("Album/one.jpg", photo), ("Album/one.jpeg", photo)], {"save_faces": True, "strength": 100})
        self.server.wait(batch)
        items = self.server.items(batch)
        for item in items:
            faces = len(item["faces"])
            self.assertEqual([True] * faces, [face["saved"] for face in item["faces"]])
            before, after = (self.client.getFace(item=item["id"], face=0, of=side) for side in ("input", "output"))
            for picture in (before, after):
                self.assertEqual((200, "image/png"), (picture.status, picture.headers["Content-Type"]))
            self.assertNotEqual(before.body, after.body)
            named = self.client.getFace(item=item["id"], face=0, of="output", download="1").headers["Content-Disposition"]
            stem = item["output_name"].rsplit(".", 1)[0]
            self.assertEqual(f'attachment; filename="{stem}-face1.png"', named)
            self.assertEqual(404, self.client.getFace(item=item["id"], face=faces).status)
            for odd in ("-1", "00x", "9" * 30, "..", "1/2"):
                self.assertEqual(404, self.server.api("GET", f"/items/{item['id']}/faces/{odd}").status, odd)
        results = sorted(f"Album/{item['output_name']}" for item in items)
        self.assertEqual(results, sorted(zipfile.ZipFile(io.BytesIO(self.client.zipBatch(batch=batch).body)).namelist()))
        whole = zipfile.ZipFile(io.BytesIO(self.client.zipBatch(batch=batch, faces="1").body))
        self.assertEqual(sorted(results + [f"faces/{name}-face{face + 1}{side}.png" for name in results for face in range(faces)
                                           for side in ("", "-before")]),
                         sorted(whole.namelist()))
        self.assertEqual(self.client.getFace(item=items[0]["id"], face=0, of="output").body,
                         whole.read(f"faces/Album/{items[0]['output_name']}-face1.png"))
        key = next(path.parent.parent for path in (self.root / "data" / "results").rglob(f".faces/{items[0]['id']}-face1.png"))
        self.assertEqual(4 * faces, len(list((key / ".faces").iterdir())))
        self.client.deleteBatch(batch=batch)
        self.assertFalse(key.exists())
        other = self.make_batch([("one.jpg", photo)])
        self.server.wait(other)
        item = self.server.items(other)[0]
        self.assertEqual([False] * faces, [face["saved"] for face in item["faces"]])
        self.assertEqual(404, self.client.getFace(item=item["id"], face=0).status)

    def test_4_single_photos_may_be_left_out_of_the_list(self):
        photo = support.png_bytes(64, 64)
        kind, body = form([("alone.png", photo)])
        body = body.split(b"\r\n", 1)[0] + b'\r\nContent-Disposition: form-data; name="single"\r\n\r\n1\r\n' + body
        made = []
        for number in range(6):
            answer = self.client.createBatch(content=(kind, body) if number % 2 else form([("many.png", photo)]))
            self.assertEqual((201, bool(number % 2)), (answer.status, answer.json["single"]))
            made.append(answer.json["id"])
        for wish, wanted in (("0", made[0::2]), ("1", made[1::2]), (None, made)):
            for limit in (1, 2, 100):
                found, before = [], None
                while True:
                    page = self.client.listBatches(limit=limit, **({"single": wish} if wish else {}), **({"before": before} if before else {})).json
                    self.assertLessEqual(len(page["batches"]), limit)
                    found += [batch["id"] for batch in page["batches"] if batch["id"] in made]
                    self.assertFalse([batch for batch in page["batches"] if wish and batch["single"] != (wish == "1")])
                    before = page["next"]
                    if before is None:
                        break
                self.assertEqual(wanted[::-1], found, (wish, limit))
        self.assertEqual(422, self.server.api("GET", "/batches?single=2").status)

    def test_5_settings_and_presets(self):
        described = self.client.describeSettings().json
        self.assertEqual(set(described["defaults"]), {limit["name"] for limit in described["limits"]})
        for limit in described["limits"]:
            self.assertTrue(limit["help_en"] and limit["help_zh"], limit)
        self.assertEqual(200, self.client.savePreset(name="Großmutter 祖母", json={"settings": {"fading": 40}}).status)
        kept = self.client.listPresets().json["presets"]
        self.assertEqual(("Großmutter 祖母", 40), (kept[0]["name"], kept[0]["settings"]["fading"]))
        batch = self.make_batch([("a.png", support.png_bytes(64, 64))], {"preset": "Großmutter 祖母", "dust": 5})
        settings = self.client.getBatch(batch=batch).json["settings"]
        self.assertEqual((40, 5), (settings["fading"], settings["dust"]))
        self.assertEqual(204, self.client.deletePreset(name="Großmutter 祖母").status)
        self.assertEqual(404, self.client.deletePreset(name="Großmutter 祖母").status)

    def test_6_models(self):
        support.write_tiny_model(self.root / "tiny-64.safetensors")
        brought = self.client.importModel(content=form([("tiny-64.safetensors", (self.root / "tiny-64.safetensors").read_bytes())],
                                                       field="file"))
        self.assertEqual((201, "restorer", 64), (brought.status, brought.json["kind"], brought.json["size"]))
        self.assertEqual(422, self.client.importModel(content=form([("no.pth", b"no model")], field="file")).status)
        models = self.client.listModels().json
        self.assertIn("tiny-64", [model["name"] for model in models["models"]])
        chosen = self.client.chooseModels(json={"restorer": "tiny-64"})
        self.assertEqual("tiny-64", chosen.json["using"]["restorer"])
        batch = self.make_batch([("portrait.jpg", PHOTO.read_bytes())])
        self.server.wait(batch)
        self.assertEqual("tiny-64", self.server.items(batch)[0]["receipt"]["restorer"]["name"])
        self.assertEqual(404, self.client.chooseModels(json={"restorer": "not there"}).status)
        self.assertEqual("tiny-64", self.client.listModels().json["chosen"]["restorer"])
        self.assertEqual(200, self.client.chooseModels(json={"restorer": None}).status)
        self.assertEqual(409, self.client.pullModel(name="GPEN-BFR-256", json={}).status)
        self.assertEqual(404, self.client.pullModel(name="no such model").status)

    def test_7_the_machine(self):
        self.assertEqual(200, self.client.getSystem().status)
        changed = self.client.changeSystem(json={"workers": 1})
        self.assertEqual(1, changed.json["chosen"]["workers"])
        batch = self.make_batch([("a.png", support.png_bytes(64, 64))])
        self.server.wait(batch)
        self.assertEqual("auto", self.client.changeSystem(json={"workers": "auto"}).json["chosen"]["workers"])
        self.assertEqual(422, self.server.api("PUT", "/system", {"workers": 0}).status)
        self.assertEqual("ok", self.client.isAlive().json["status"])
        self.assertIn(self.client.isReady().status, (200, 503))
        numbers = self.client.getMetrics().body.decode()
        for name in ("gpen_items{state=\"done\"}", "gpen_stage_seconds_bucket{stage=\"decode\",le=\"+Inf\"}",
                     "gpen_queue_length", "gpen_workers{state=\"planned\"}", "gpen_memory_bytes{of=\"server\"}"):
            self.assertIn(name, numbers)
        self.assertEqual(204, self.client.logIn(json={"token": "any"}).status)
        self.assertEqual(404, self.client.getAsset(asset="nothing").status)
        self.assertEqual(200, self.client.getPage().status)

    def test_7_what_is_chosen_for_the_machine_has_its_effect(self):
        # A small model and a face that nobody has to look for: what is compared is the numbers, not how well they were spent.
        support.write_tiny_model(self.root / "small.safetensors")
        self.client.importModel(content=form([("small.safetensors", (self.root / "small.safetensors").read_bytes())], field="file"))
        self.assertEqual(200, self.client.chooseModels(json={"restorer": "small"}).status)
        face = support.png_bytes(64, 64, seed=3)

        def restored(settings):
            self.assertEqual(200, self.client.changeSystem(json=settings).status)
            batch = self.make_batch([("face.png", face)], {"strength": 100, "likeness": False, "aligned": True})
            self.server.wait(batch)
            item = self.server.items(batch)[0]
            return item["receipt"], self.client.getOutput(item=item["id"]).body

        def planned():
            return re.search(r'gpen_workers\{state="planned"\} (\d+)', self.client.getMetrics().body.decode()).group(1)

        exact, exact_picture = restored({"precision": "fp32", "workers": 1, "threads": 1})
        self.assertEqual("1", planned())
        short, short_picture = restored({"precision": "bf16", "workers": 2, "threads": 1})
        self.assertEqual("2", planned())
        self.assertEqual(("fp32", "bf16"), (exact["precision"], short["precision"]))
        self.assertNotEqual(exact_picture, short_picture)
        # Threads and workers decide about time and memory only.
        again, again_picture = restored({"precision": "fp32", "workers": 2, "threads": 2})
        self.assertEqual(exact_picture, again_picture)
        self.client.changeSystem(json={"precision": "auto", "workers": "auto", "threads": "auto"})
        self.client.chooseModels(json={"restorer": None})

    def test_8_events_as_they_happen_and_again_from_the_last_one_seen(self):
        seen, ready = [], threading.Event()

        def follow(last=None, until=lambda events: False):
            events, headers = [], {"Last-Event-ID": last} if last else {}
            connection = serving.http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            connection.request("GET", serving.API + "/events", headers=headers)
            response = connection.getresponse()
            ready.set()
            one = {}
            while not until(events):
                line = response.readline().decode().rstrip("\n")
                if line.startswith((":", "retry")):
                    continue
                if line:
                    key, _, value = line.partition(": ")
                    one[key] = value
                elif one:
                    events.append(one)
                    one = {}
            connection.close()
            return events

        def ended(events):
            done = [json.loads(event["data"])["batch"] for event in events
                    if event["event"] == "item" and json.loads(event["data"])["state"] == "done"]
            return events[-1:] and events[-1]["event"] == "batch" and json.loads(events[-1]["data"])["id"] in done

        thread = threading.Thread(target=lambda: seen.extend(follow(until=ended)), daemon=True)
        thread.start()
        ready.wait(10)
        self.client.called.add("followEvents")
        batch = self.make_batch([("portrait.jpg", PHOTO.read_bytes())])
        thread.join(60)
        kinds = {event["event"] for event in seen}
        self.assertTrue({"batch", "item", "progress"} <= kinds, kinds)
        for event in seen:
            self.client.schemas.check(json.loads(event["data"]), DOCUMENT["x-events"][event["event"]], event["event"])
        again = follow(seen[0]["id"], lambda events: len(events) >= len(seen) - 1)
        self.assertEqual([event["id"] for event in seen[1:]], [event["id"] for event in again[:len(seen) - 1]])
        foreign = follow("0123456789abcdef-7", lambda events: events)
        self.assertEqual("resync", foreign[0]["event"])
        self.server.wait(batch)

    def test_8_what_ended_is_cleaned_away(self):
        batch = self.make_batch([("a.png", support.png_bytes(64, 64))])
        self.server.wait(batch)
        self.assertEqual({"batches": 0, "bytes": 0}, self.client.cleanBatches(json={"days": 1}).json)
        self.assertEqual(200, self.client.getBatch(batch=batch).status)
        held = self.make_batch([("b.png", support.png_bytes(64, 64))] * 20)
        self.client.pauseBatch(batch=held)
        gone = self.client.cleanBatches(json={"days": 0}).json
        self.assertGreaterEqual(gone["batches"], 1)
        self.assertGreater(gone["bytes"], 0)
        self.assertEqual(404, self.client.getBatch(batch=batch).status)
        self.assertEqual(200, self.client.getBatch(batch=held).status)
        for odd in ({}, {"days": -1}, {"days": "1"}, {"days": 36501}):
            self.assertEqual(422, self.server.api("POST", "/batches/clean", odd).status)

    def test_9_every_operation_was_called(self):
        operations = {operation["operationId"] for methods in DOCUMENT["paths"].values()
                      for method, operation in methods.items() if method != "parameters"}
        self.assertEqual(set(), operations - self.client.called)


if __name__ == "__main__":
    serving.main()

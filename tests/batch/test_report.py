"""Reports, read as those read them that they are for: a page's parser, a JSON parser, a spreadsheet's reader.

    test_report.py MAKE_REPORT
"""
import base64
import csv
import html.parser
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

MAKE_REPORT = sys.argv[1]
BYTES_NAME = "bytes \ufffd\ufffd of no text.png"
NAMES = ["plain.jpg", "<script>alert(\"x\")</script>&amp;.jpg", "=HYPERLINK(\"http://example.org\",\"y\").png",
         "a, \"b\"\r\nc'.jpg", BYTES_NAME, "图片/照.jpg", "\u202egpj.exe", "no face.jpg", "@waits.jpg"]
DONE, FAILED = 5, 3


class Page(html.parser.HTMLParser):
    """What a browser would make of it: tags with attributes, and texts."""
    VOID = {"meta", "img", "br", "link"}

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open, self.headings = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes nothing")

    def handle_data(self, data):
        self.texts.append(data)
        if "h3" in self.open:
            self.headings.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self):
        return "".join(self.texts)


class Reports(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_tool(self, *arguments):
        run = subprocess.run([MAKE_REPORT, *map(str, arguments)], capture_output=True, text=True, timeout=100,
                             env={**os.environ, "TZ": "UTC"})
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout.strip()

    def make(self, name, language="en"):
        path = self.folder / name
        self.assertEqual(self.run_tool(self.folder, language, path), "written")
        return path.read_bytes()

    def page(self, language="en"):
        text = self.make(f"report-{language}.html", language).decode()
        page = Page(text)
        self.assertEqual(page.open, [])
        return page

    # ------------------------------------------------------------ the page

    def test_the_page_holds_every_photo_failed_ones_first(self):
        page = self.page()
        names = [name.replace("\r\n", "\ufffd\ufffd").replace("\u202e", "\ufffd") for name in NAMES]
        failed = [names[i] for i in (1, 2, 6)]
        self.assertEqual(page.headings, failed + [name for name in names if name not in failed])
        self.assertEqual([attributes["class"] for attributes in page.all("article")],
                         ["failed"] * FAILED + ["done"] * DONE + ["queued"])
        self.assertEqual(page.all("script"), [])
        self.assertIn("The picture is damaged and cannot be read in full.", page.text)
        self.assertIn("What to do: Make room on the disk, then retry.", page.text)
        self.assertIn("Details: -details <b>of</b> it", page.text)
        self.assertIn("The work was stopped before its end.", page.text)

    def test_the_page_says_what_made_the_results(self):
        text = self.page().text
        for part in ("gpen-<mini>", "0123456789abcdef" * 4, "Strength73", "Modenatural", "/results/of <today>",
                     "2 × Restored.", "1 × Left as it was: it is smaller than asked for.", "No face was found",
                     "2026-05-04 10:12", "were altered by a neural network"):
            self.assertIn(part, text)
        self.assertNotIn("may be no face", text)

    def test_the_page_has_small_pictures_as_far_as_they_are_whole(self):
        images = self.page().all("img")
        self.assertEqual(len(images), 8 + DONE - 1)  # one was damaged
        for image in images:
            head, data = image["src"].split(",", 1)
            self.assertEqual(head, "data:image/jpeg;base64")
            self.assertIn(base64.b64decode(data, validate=True), (b"\xff\xd8\xffbefore\xff\xd9", b"\xff\xd8\xffafter\xff\xd9"))
            self.assertTrue(image["alt"].startswith(("before: ", "after: ")))

    def test_the_page_needs_nothing_but_itself(self):
        page = self.page()
        for tag, attributes in page.tags:
            for name, value in attributes.items():
                self.assertFalse(name.startswith("on"), (tag, name))
                self.assertFalse(name in ("src", "href") and not value.startswith(("data:image/jpeg", "file:///")), value)
        policy = [meta for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy[0]["content"])
        links = [urllib.parse.unquote(link["href"]) for link in page.all("a")]
        self.assertEqual(links[0], "file:///results/of <today>/re\"sult<0>%.jpg")
        self.assertEqual(len(links), DONE)

    def test_the_page_in_chinese(self):
        page = self.page("zh")
        self.assertEqual(page.all("html")[0]["lang"], "zh-CN")
        self.assertIn("图片已损坏，无法完整读取。", page.text)
        self.assertIn("处理在完成前已停止", page.text)
        english = {"Failed photos", "What to do", "faces restored", "Settings and models", "Details:"}
        self.assertEqual({words for words in english if words in page.text}, set())

    # ------------------------------------------------------------ programs

    def test_json_is_complete(self):
        report = json.loads(self.make("report.json"))
        self.assertEqual([report[key] for key in ("report", "report_version", "interrupted", "made")],
                         ["gpen", 1, True, "2026-05-04T10:12:12.345Z"])
        totals = report["totals"]
        self.assertEqual(totals["items"], len(NAMES))
        self.assertEqual(totals["states"], {"queued": 1, "running": 0, "done": DONE, "failed": FAILED, "cancelled": 0})
        self.assertEqual(totals["reasons"], {"unreadable": 1, "model_invalid": 1, "disk_full": 1})
        self.assertEqual((totals["faces"]["restored"], totals["faceless"], totals["seconds"]), (8, 1, 12.5))
        self.assertEqual(report["batches"][0]["settings"]["strength"], 73)
        self.assertEqual([item["photo"] for item in report["items"]], NAMES)
        self.assertEqual(bytes.fromhex(report["items"][4]["photo_bytes"]), b"bytes \xff\xc3 of no text.png")
        first, second, last = report["items"][0], report["items"][1], report["items"][-1]
        self.assertEqual((first["state"], first["reason"], first["faces_found"]), ("done", None, [{"state": "restored"}]))
        self.assertEqual(first["receipt"], {"program": "gpen"})
        self.assertEqual(first["read"], {"bytes": 1000, "modified": "1970-01-01T00:00:00.005Z", "sha256": None})
        self.assertEqual(first["seconds"], {"decode": 0.25, "detect": 0.5, "restore": 1.5, "finish": 0, "encode": 0.25})
        self.assertEqual((second["state"], second["reason"], second["detail"]),
                         ("failed", "unreadable", "-details <b>of</b> it"))
        self.assertEqual((last["state"], last["ended"]), ("queued", None))

    def test_csv_is_read_as_it_was_meant(self):
        text = self.make("report.csv").decode()
        self.assertTrue(text.endswith("\r\n"))
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
        self.assertEqual(len(rows), len(NAMES))
        for row, name in zip(rows, NAMES):
            self.assertEqual(len(row), 17)
            self.assertNotIn(None, row)
            self.assertEqual(row["photo"], "'" + name if name[0] in "=@" else name)
            for value in row.values():  # nothing that a spreadsheet would carry out
                self.assertFalse(value[:1] in tuple("=+-@\t\r"), value)
        self.assertEqual([row["state"] for row in rows].count("failed"), FAILED)
        self.assertEqual(rows[1]["detail"], "'-details <b>of</b> it")
        self.assertEqual([rows[0][key] for key in ("faces", "restored", "left", "failed", "seconds")],
                         ["3", "2", "1", "0", "2.500"])

    def test_sentences_are_in_the_language_asked_for(self):
        self.assertEqual(json.loads(self.make("report.json", "zh"))["items"][6]["message"], "磁盘已满。")
        self.assertIn("磁盘已满。", self.make("report.csv", "zh").decode())

    # ------------------------------------------------------------ files

    def test_another_ending_is_refused(self):
        for name in ("report", "report.pdf", "report.html.", "html"):
            self.assertEqual(self.run_tool(self.folder, "en", self.folder / name), "bad_argument")
            self.assertFalse((self.folder / name).exists())

    def test_a_report_is_whole_or_the_old_one_stays(self):
        for name in ("report.html", "report.csv", "report.json"):
            path = self.folder / name
            before = self.make(name)
            self.assertEqual(self.run_tool(self.folder, "en", path, 0), "write_failed")
            self.assertEqual(path.read_bytes(), before)
        self.assertEqual(sorted(entry.name for entry in self.folder.iterdir()),
                         ["report.csv", "report.html", "report.json", "small", "store"])

    def test_no_place_for_it(self):
        self.make("report.json")
        self.assertEqual(self.run_tool(self.folder, "en", self.folder / "missing" / "report.json"), "write_failed")

    def test_many_photos(self):
        path = self.folder / "report.json"
        self.assertEqual(self.run_tool("--many", 2500, self.folder, path), "written")
        self.assertEqual([item["position"] for item in json.loads(path.read_bytes())["items"]], list(range(1, 2501)))
        self.assertEqual(self.run_tool("--many", 2500, self.folder, self.folder / "report.html"), "written")
        self.assertEqual(len(Page((self.folder / "report.html").read_text()).all("article")), 2500)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

#!/usr/bin/env python3
"""gpen enhance --report and --log-file."""
import base64
import csv
import html.parser
import http.server
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import unittest

import support
from support import write_png

sending = "sending" in sys.argv[2:]  # this build can
if sending:
    sys.argv.remove("sending")


class Page(html.parser.HTMLParser):
    """Photos by name: state, and the small pictures' captions."""

    def __init__(self, text):
        super().__init__()
        self.photos, self.texts, self.now, self.where = {}, [], None, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "article":
            self.now = {"state": attributes["class"], "pictures": []}
        if tag == "img":
            self.now["pictures"].append(base64.b64decode(attributes["src"].split(",")[1], validate=True))
        if tag != "meta":
            self.where.append(tag)
        if tag == "img":
            self.where.pop()

    def handle_endtag(self, tag):
        assert self.where.pop() == tag, tag

    def handle_data(self, data):
        self.texts.append(data)
        if "h3" in self.where:
            self.photos[data] = self.now


class Reports(support.CommandLineTest):
    def setUp(self):
        super().setUp()
        for number in range(3):
            write_png(self.root / "in" / f"{number}.png", 80, 60, seed=number)
        (self.root / "in" / "<b>broken.png").write_bytes((self.root / "in" / "0.png").read_bytes()[:2000])

    def run_with(self, name, *arguments, expect=1, **changes):
        self.enhance("in", "-o", "out", "--report", name, *arguments, expect=expect, **changes)
        return (self.root / name).read_bytes()

    def states(self, text):
        return {item["photo"]: item["state"] for item in json.loads(text)["items"]}

    def test_a_page_with_small_pictures(self):
        page = Page(self.run_with("report.html").decode())
        self.assertEqual({"<b>broken.png": "failed", "0.png": "done", "1.png": "done", "2.png": "done"},
                         {name: photo["state"] for name, photo in page.photos.items()})
        self.assertEqual("<b>broken.png", next(iter(page.photos)))
        for name, photo in page.photos.items():
            self.assertEqual(0 if "broken" in name else 2, len(photo["pictures"]))
            for picture in photo["pictures"]:
                self.assertTrue(picture.startswith(b"\xff\xd8\xff") and picture.endswith(b"\xff\xd9"))
        text = "".join(page.texts)
        self.assertIn("gpen-mini", text)
        self.assertRegex(text, "[0-9a-f]{64}")
        self.assertNotIn("stopped before its end", text)

    def test_in_chinese(self):
        text = self.run_with("report.html", LC_ALL="zh_CN.UTF-8").decode()
        self.assertIn('lang="zh-CN"', text)
        self.assertIn("图片已损坏", text)

    def test_what_is_done_already_is_said(self):
        first = self.run_with("a.json")
        self.assertEqual({"<b>broken.png": "failed", "0.png": "done", "1.png": "done", "2.png": "done"}, self.states(first))
        second = self.run_with("b.json")
        self.assertEqual({"<b>broken.png": "failed", "0.png": "skipped", "1.png": "skipped", "2.png": "skipped"},
                         self.states(second))
        self.assertEqual(3, json.loads(second)["totals"]["skipped"])
        (self.root / "in" / "<b>broken.png").unlink()
        third = self.run_with("c.json", expect=0)
        self.assertEqual({"0.png": "skipped", "1.png": "skipped", "2.png": "skipped"}, self.states(third))

    def test_a_photo_that_is_not_there(self):
        self.enhance("in/0.png", "in/missing.png", "-o", "out", "--report", "sub/folder/report.csv", expect=1)
        rows = list(csv.DictReader(io.StringIO((self.root / "sub/folder/report.csv").read_text(encoding="utf-8"), newline="")))
        self.assertEqual([("0.png", "done", ""), ("missing.png", "failed", "input_missing")],
                         [(row["photo"], row["state"], row["reason"]) for row in rows])

    def test_a_batch_is_reported_later(self):
        self.enhance("in", "-o", "out", expect=1)
        for name in ("later.html", "later.json", "later.csv"):
            self.assertEqual("", self.gpen("batch", "show", "-o", "out", "--report", name).out)
        page = Page((self.root / "later.html").read_text(encoding="utf-8"))
        self.assertEqual({"failed", "done"}, {photo["state"] for photo in page.photos.values()})
        self.assertEqual(4, len(self.states((self.root / "later.json").read_bytes())))
        self.assertIn(".html, .json or .csv",
                      self.gpen("batch", "show", "-o", "out", "--report", "later.txt", expect=2).err)

    def test_one_photo_with_a_name_of_its_own(self):
        self.enhance("in/0.png", "-o", "result.png", "--report", "report.json")
        self.assertEqual({"0.png": "done"}, self.states((self.root / "report.json").read_bytes()))

    def test_what_cannot_be_written_is_said_before_work_begins(self):
        (self.root / "taken.html").mkdir()
        self.assertIn("taken.html", self.enhance("in", "-o", "out", "--report", "taken.html", expect=3).err)
        self.assertEqual([], self.files())
        self.assertIn(".html, .json or .csv",
                      self.enhance("in", "-o", "out", "--report", "report.pdf", expect=2).err)

    def test_small_pictures_are_kept_until_the_batch_is_cleaned(self):
        self.run_with("report.html")
        [folder] = (self.home / "state" / "enhance").glob("*/small")
        self.assertEqual(6, len(self.files(folder)))
        self.gpen("batch", "show", "-o", "out", "--report", "later.html")
        page = Page((self.root / "later.html").read_text(encoding="utf-8"))
        self.assertEqual([0, 2, 2, 2], sorted(len(photo["pictures"]) for photo in page.photos.values()))
        self.gpen("batch", "clean", "--older-than", "0")
        self.assertEqual([], self.files(folder))

    def test_where_the_photo_itself_was_put(self):
        more = ["--on-failure", "copy", "--format", "jpeg"]  # a result and a copy have different endings
        items = json.loads(self.run_with("report.json", *more))["items"]
        copies = {item["photo"]: item["copy"] for item in items}
        place = str(self.root / "out" / "<b>broken.png")
        self.assertEqual({"<b>broken.png": place, "0.png": None, "1.png": None, "2.png": None}, copies)
        self.assertTrue((self.root / "out" / "<b>broken.png").is_file())
        self.gpen("batch", "show", "-o", "out", "--report", "later.csv")
        lines = list(csv.DictReader((self.root / "later.csv").read_text(encoding="utf-8").splitlines()))
        self.assertEqual({place, ""}, {line["copy"] for line in lines})
        self.gpen("batch", "show", "-o", "out", "--report", "later.html")
        self.assertIn("The photo itself was put there", (self.root / "later.html").read_text(encoding="utf-8"))
        self.gpen("batch", "clean", "--older-than", "0")
        self.assertEqual([], self.files())  # it stood among the results, and goes with them

    def test_an_interruption_is_reported_and_the_rest_later(self):
        for number in range(3, 60):
            os.link(self.root / "in" / "0.png", self.root / "in" / f"{number}.png")
        command = [support.PROGRAM, "enhance", "--aligned", "--likeness=off", "in", "-o", "out", "--json", "--report",
                   "report.html"]
        with subprocess.Popen(command, cwd=self.root, env=self.environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            process.stderr.read()
        page = Page((self.root / "report.html").read_text(encoding="utf-8"))
        self.assertEqual(61, len(page.photos))
        states = [photo["state"] for photo in page.photos.values()]
        self.assertGreater(states.count("queued"), 0)
        self.assertEqual(states.count("done"), len(self.files()))
        self.assertIn("stopped before its end", "".join(page.texts))
        page = Page(self.run_with("report.html").decode())
        self.assertEqual({"done": 60, "failed": 1},
                         {state: [photo["state"] for photo in page.photos.values()].count(state) for state in ("done", "failed")})
        done = [photo for photo in page.photos.values() if photo["state"] == "done"]
        self.assertEqual({2}, {len(photo["pictures"]) for photo in done})  # those of the first run too


class Logs(support.CommandLineTest):
    def lines(self, path):
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def test_a_line_an_item(self):
        write_png(self.root / "in" / "a.png")
        (self.root / "in" / "b.png").write_bytes((self.root / "in" / "a.png").read_bytes()[:100])
        self.enhance("in", "-o", "out", "--log-file", "run.log", expect=1)
        lines = self.lines(self.root / "run.log")
        for line in lines:
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertGreater(line["process"], 0)
        done = [line for line in lines if line["event"] == "item_done"]
        failed = [line for line in lines if line["event"] == "item_failed"]
        self.assertEqual((1, 1), (len(done), len(failed)))
        self.assertEqual(("info", "info"), (done[0]["level"], failed[0]["level"]))
        self.assertEqual("unreadable", failed[0]["reason"])
        self.assertGreater(min(done[0]["batch"], done[0]["item"], done[0]["worker"]), 0)

    def test_a_log_that_cannot_be_written(self):
        write_png(self.root / "a.png")
        outcome = self.enhance("a.png", "-o", "out", "--log-file", "missing/run.log", expect=3)
        self.assertTrue(re.search("missing/run.log", outcome.err))


class Crashes(support.CommandLineTest):
    """A worker that dies of a signal is told to a server that speaks Sentry's language, when one is configured."""

    def serve(self):
        received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                received.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return received, f"http://abc@127.0.0.1:{server.server_port}/1"

    def children(self, process):
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as listing:
            return [int(number) for number in listing.read().split()]

    @unittest.skipUnless(sending, "built without libcurl")
    @unittest.skipUnless(os.path.exists(f"/proc/self/task/{os.getpid()}/children"), "no list of children here")
    def test_a_crash_is_told_and_costs_nothing(self):
        received, address = self.serve()
        write_png(self.root / "in" / "secret0.png", 900, 900, channels=1)
        for number in range(1, 40):
            os.link(self.root / "in" / "secret0.png", self.root / "in" / f"secret{number}.png")
        command = [support.PROGRAM, "enhance", "--likeness=off", "--aligned", "in", "-o", "out", "--json"]
        environment = self.environment(GPEN_SENTRY_DSN=address, no_proxy="127.0.0.1")
        with subprocess.Popen(command, cwd=self.root, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            worker = self.children(process)[0]
            with open(f"/proc/{worker}/environ", "rb") as variables:
                self.assertNotIn(b"GPEN_SENTRY_DSN=", variables.read())
            os.kill(worker, signal.SIGSEGV)
            process.stdout.read()
            process.stderr.read()
            self.assertEqual(0, process.wait(timeout=100))
        self.assertEqual(40, len(self.files()))
        self.assertEqual(1, len(received))
        self.assertIn(b'"SIGSEGV"', received[0])
        self.assertNotIn(b"secret", received[0])

    def test_a_wrong_address_is_said_and_costs_nothing(self):
        write_png(self.root / "a.png")
        outcome = self.enhance("a.png", "-o", "out", GPEN_SENTRY_DSN="https://topsecret@nowhere")
        self.assertIn("crashes are told to nobody", outcome.err)
        self.assertNotIn("topsecret", outcome.err)


if __name__ == "__main__":
    support.main()

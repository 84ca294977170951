"""Messages that nobody should send: thrown away or answered with a reason as Celery does it, and never in anybody's way."""
import base64
import json
import pickle
import time
import zlib

import fleet


class Hostile(fleet.FleetTest):
    def setUp(self):
        super().setUp()
        self.watched = self.worker(inline_limit=1)
        self.photo()

    def envelope(self, body=b'[["a.png"], {}, {}]', headers=None, **changes):
        whole = {"body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
                 "content-type": "application/json", "content-encoding": "utf-8",
                 "headers": {"lang": "py", "task": "gpen.detect", "id": "00000000-0000-4000-8000-000000000001",
                             **(headers or {})},
                 "properties": {"body_encoding": "base64", "delivery_tag": "1", "priority": 0,
                                "delivery_info": {"exchange": "", "routing_key": "gpen"}}}
        whole.update(changes)
        return whole

    def push(self, raw):
        self.client().lpush("gpen", raw if isinstance(raw, (bytes, str)) else json.dumps(raw))

    def still_works(self):
        self.assert_empty()
        self.assertIsNone(self.watched.process.poll(), self.watched.text())
        found = self.send("a.png", task="gpen.detect").get(timeout=30)
        self.assertEqual(1, len(found["faces"]))

    def test_what_is_no_task_is_thrown_away(self):
        whole = self.envelope()
        deep = b"[" * 100000 + b"]" * 100000
        foreign = [
            b"", b"\0", b"no json", b"{", b"[]", b"null", b"1e999", b"\xff\xfe", b'{"a": "\xff"}', b"{" * 5000, deep,
            {}, {"headers": None}, {"headers": []}, {"headers": {"id": 1, "task": 2}},
            {"task": "gpen.detect", "id": "x", "args": []},  # protocol 1, bare
            self.envelope(headers={"task": None}), self.envelope(headers={"id": "x" * 1000}),
            self.envelope(headers={"id": ""}), {key: value for key, value in whole.items() if key != "body"},
            self.envelope(body="?" * 50), self.envelope(body="YWJj" + "="), self.envelope(body=5),
            self.envelope(body=b""), self.envelope(body=b"{}"), self.envelope(body=b"[]"),
            self.envelope(body=b"[[], {}, []]"), self.envelope(body=b"[1, 2, 3]"), self.envelope(body=b"[[], {}, {}, {}]"),
            self.envelope(body=deep), self.envelope(body=b'[[123456789012345678901234567890], {}, {}]'),
            self.envelope(body=pickle.dumps((["a.png"], {}, {})), **{"content-type": "application/x-python-serialize",
                                                                    "content-encoding": "binary"}),
            self.envelope(**{"content-type": "application/x-yaml"}), self.envelope(**{"content-type": None}),
            self.envelope(**{"content-encoding": "utf-16"}),
            self.envelope(properties={"body_encoding": "rot13"}),
            self.envelope(headers={"compression": "application/x-bz2"}),
            self.envelope(headers={"compression": "application/x-gzip"}),
            self.envelope(body=zlib.compress(b"[" + b" " * (200 << 20) + b"]"), headers={"compression": "application/x-gzip"}),
            self.envelope(body=zlib.compress(b'[["a.png"], {}, {}]')[:-3], headers={"compression": "application/x-gzip"}),
        ]
        for raw in foreign:
            self.push(raw)
        self.still_works()
        self.assertEqual([], [key for key in self.client().keys("celery-task-meta-*")
                              if b"00000000-0000-4000-8000-000000000001" in key])
        self.assertGreaterEqual(self.watched.text().count("thrown away"), len(foreign))

    def test_what_is_too_large_is_thrown_away(self):
        self.push(self.envelope(body=b'["' + b"a" * (8 << 20) + b'"]'))
        self.still_works()
        self.assertIn("too large", self.watched.text())

    def test_what_is_a_task_gets_an_answer(self):
        odd = [
            ("eta", self.envelope(headers={"eta": "tomorrow"})), ("eta", self.envelope(headers={"eta": 5})),
            ("eta", self.envelope(headers={"expires": "2026-13-01T00:00:00"})),
            ("timelimit", self.envelope(headers={"timelimit": ["a", -1]})),
            ("group", self.envelope(headers={"group": "g" * 300})),
            ("input", self.envelope(body=b"[[], {}, {}]")), ("input", self.envelope(body=b'[["a\\u0000.png"], {}, {}]')),
            ("arguments", self.envelope(body=b'[[1,2,3,4,5,6,7,8], {}, {}]')),
            ("twice", self.envelope(body=b'[["a.png"], {"input": "a.png"}, {}]')),
            ("key", self.envelope(body=json.dumps([["a.png"], {"key": "k" * 300}, {}]).encode())),
        ]
        for number, (word, whole) in enumerate(odd):
            whole["headers"]["id"] = f"odd-{number}"
            self.push(whole)
        for number, (word, _) in enumerate(odd):
            sent = self.app.AsyncResult(f"odd-{number}")
            with self.assertRaises(Exception) as caught:
                sent.get(timeout=30)
            self.assertEqual("bad_argument", caught.exception.args[0])
            self.assertIn(word, caught.exception.args[1])
        self.still_works()

    def test_strange_follow_ups_cost_the_task_nothing(self):
        strange = [{"chain": [5]}, {"chain": ["a"] * 3}, {"callbacks": [{}]}, {"callbacks": [{"task": 5}]},
                   {"callbacks": {"task": "x"}}, {"chord": "x"}, {"errbacks": 7},
                   {"callbacks": [{"task": "x", "options": {"queue": "q" * 500}}]},
                   {"chain": [{"task": "celery.group", "kwargs": {"tasks": [1]}}]},
                   {"chain": [{"task": "celery.chord", "kwargs": {}}]}]
        nested = {"task": "celery.chain", "kwargs": {"tasks": []}}
        for _ in range(100):
            nested = {"task": "celery.chain", "kwargs": {"tasks": [nested]}}
        strange.append({"chain": [nested]})
        for number, embed in enumerate(strange):
            self.push(self.envelope(body=json.dumps([["a.png"], {}, embed]).encode(), headers={"id": f"strange-{number}"}))
        for number in range(len(strange)):
            self.assertEqual(1, len(self.app.AsyncResult(f"strange-{number}").get(timeout=30)["faces"]))
        self.still_works()

    def test_compressed_tasks_of_celerys_own(self):
        found = self.send("a.png", task="gpen.detect", compression="zlib").get(timeout=30)
        self.assertEqual(1, len(found["faces"]))

    def test_strange_remote_control(self):
        client, channel = self.client(), "/0.celery.pidbox"
        for body in [b"", b"x", b"[]", b"{}", json.dumps({"method": 5}).encode(), json.dumps({"method": "x" * 9999}).encode(),
                     json.dumps({"method": "revoke", "arguments": {"task_id": [5, None, "", "y" * 999, {}]}}).encode(),
                     json.dumps({"method": "revoke", "arguments": []}).encode(),
                     json.dumps({"method": "hello", "arguments": {"from_node": "z", "revoked": 7}}).encode(),
                     json.dumps({"method": "ping", "reply_to": {"exchange": "gpen", "routing_key": "gpen"}}).encode(),
                     json.dumps({"method": "ping", "destination": {"a": 1}, "reply_to": 5}).encode(),
                     json.dumps({"method": "query_task", "arguments": {"ids": {"a": [1]}}}).encode()]:
            client.publish(channel, json.dumps(self.envelope(body=body)))
            client.publish(channel, body)
        self.still_works()

    def test_a_queue_that_is_no_list(self):
        self.client().set("gpen\x06\x163", "no list")
        time.sleep(0.5)
        self.client().delete("gpen\x06\x163")
        self.still_works()


if __name__ == "__main__":
    fleet.main()

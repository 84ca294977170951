#!/usr/bin/env python3
"""How the server fares: 10,000 photos in its store, 200 clients that follow the events, 4 that upload, and someone who opens the page.

    bench/serve_load.py [PROGRAM] [--items N] [--followers N] [--uploads N] [--seconds S]

Prints the median and the worst time of loading the page (the page itself and every file it names), of a page of 100 photos, and the
server process's memory, before and under load.
"""
import argparse
import http.client
import json
import multiprocessing
import os
import random
import re
import secrets
import selectors
import socket
import statistics
import struct
import subprocess
import tempfile
import time
import zlib
from pathlib import Path


def png(side, seed):
    """A picture of noise, which no compression makes smaller."""
    source = random.Random(seed)
    rows = b"".join(b"\0" + source.randbytes(side * 3) for _ in range(side))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


class Client:
    def __init__(self, port):
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(self, method, path, body=None, **headers):
        self.line.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = self.line.getresponse()
        return answer.status, answer.read()

    def upload(self, photos, path="/api/v1/batches"):
        mark = secrets.token_hex(8)
        body = b"".join(f'--{mark}\r\nContent-Disposition: form-data; name="photo"; filename="{name}"\r\n\r\n'.encode() + data + b"\r\n"
                        for name, data in photos) + f"--{mark}--\r\n".encode()
        status, answer = self.ask("POST", path, body, Content_Type=f"multipart/form-data; boundary={mark}")
        assert status == 201, answer
        return answer


def memory(process):
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


def follow(port, clients, until, lines):
    """Reads all of their events in one loop; a process of its own, so that what is measured is the server."""
    watched = selectors.DefaultSelector()
    for _ in range(clients):
        line = socket.create_connection(("127.0.0.1", port))
        line.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        watched.register(line, selectors.EVENT_READ)
    while time.time() < until:
        for key, _ in watched.select(0.2):
            lines.value += key.fileobj.recv(1 << 16).count(b"event:")


def send(port, seed, until, sent):
    sender, photo = Client(port), png(700, seed)
    while time.time() < until:
        sender.upload([(f"{number}.png", photo) for number in range(8)])
        with sent.get_lock():
            sent.value += 8 * len(photo)


def load_page(client):
    status, page = client.ask("GET", "/")
    assert status == 200
    for path in re.findall(r'(?:href|src)="(assets/[^"]+)"', page.decode()):
        status, _ = client.ask("GET", "/" + path)
        assert status == 200, path


def timed(what, *arguments):
    began = time.perf_counter()
    what(*arguments)
    return (time.perf_counter() - began) * 1000


def report(name, times):
    print(f"{name}: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms, {len(times)} times", flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program", nargs="?", default="build/gpen")
    options.add_argument("--items", type=int, default=10000)
    options.add_argument("--followers", type=int, default=200)
    options.add_argument("--uploads", type=int, default=4)
    options.add_argument("--seconds", type=int, default=20)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as root:
        server = subprocess.Popen([options.program, "serve", "--port", "0", "--data", root + "/data"], stdout=subprocess.PIPE, text=True,
                                  env={**os.environ, "GPEN_HOME": root, "GPEN_LOG_FILE": root + "/log"})
        port = int(re.search(r":(\d+)/", server.stdout.readline()).group(1))
        try:
            run(options, server.pid, port)
        finally:
            server.terminate()
            server.wait()


def run(options, process, port):
    client, small = Client(port), png(32, 1)
    print(f"at the start: {memory(process):.0f} MiB")
    batch = json.loads(client.upload([("0.png", small)]))["id"]
    client.ask("POST", f"/api/v1/batches/{batch}/pause")
    for first in range(1, options.items, 1000):
        client.upload([(f"{number}.png", small) for number in range(first, min(first + 1000, options.items))],
                      f"/api/v1/batches/{batch}/photos")
    print(f"{options.items} photos in the store: {memory(process):.0f} MiB")
    report("page, quiet", [timed(load_page, client) for _ in range(20)])
    items = f"/api/v1/batches/{batch}/items?limit=100&after={options.items // 2}"
    report("100 photos of the list, quiet", [timed(client.ask, "GET", items) for _ in range(20)])
    until, most = time.time() + options.seconds, 0
    lines, sent = multiprocessing.Value("q", 0), multiprocessing.Value("q", 0)
    others = [multiprocessing.Process(target=follow, args=(port, options.followers, until, lines))]
    others += [multiprocessing.Process(target=send, args=(port, seed, until, sent)) for seed in range(options.uploads)]
    for one in others:
        one.start()
    time.sleep(2)
    pages, lists = [], []
    while time.time() < until - 1:
        pages.append(timed(load_page, client))
        lists.append(timed(client.ask, "GET", items))
        most = max(most, memory(process))
        time.sleep(0.1)
    report(f"page, {options.followers} followers, {options.uploads} uploads", pages)
    report("100 photos of the list, likewise", lists)
    for one in others:
        one.join()
    print(f"under load: {most:.0f} MiB; {sent.value / 1e6 / options.seconds:.1f} MB/s uploaded, {lines.value} events followed")



main()

#!/usr/bin/env python3
"""A photo through the page's API, as a new user's first: is the page there, is the photo restored?

    try-page.py ADDRESS PHOTO RESULT [SECONDS]

Waits up to SECONDS (default 900) for the page at ADDRESS (http://127.0.0.1:7860), sends PHOTO, waits for its end and writes RESULT. Needs
Python's own library only. Used by scripts/fresh-root.sh; exits 1 with the reason when something is not as it should be."""
import json
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path


def ask(address, path, body=None, kind="application/json"):
    request = urllib.request.Request(address + path, data=body, headers={"Content-Type": kind} if body else {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def wait_for_page(address, until):
    while True:
        try:
            return ask(address, "/").decode()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if time.monotonic() > until:
                raise
            time.sleep(1)


def form(photo):
    """A batch of one photo with its settings, as a browser's form would send it."""
    border = uuid.uuid4().hex
    parts = [(f'name="settings"', b'{"strength": 100}'),
             (f'name="photo"; filename="{photo.name}"\r\nContent-Type: application/octet-stream', photo.read_bytes())]
    body = b"".join(f"--{border}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + data + b"\r\n" for head, data in parts)
    return body + f"--{border}--\r\n".encode(), f"multipart/form-data; boundary={border}"


def main():
    address, photo, result = sys.argv[1].rstrip("/"), Path(sys.argv[2]), Path(sys.argv[3])
    until = time.monotonic() + float(sys.argv[4] if len(sys.argv) > 4 else 900)
    page = wait_for_page(address, until)
    if "<html" not in page:
        sys.exit("what stands there is no page")
    batch = json.loads(ask(address, "/api/v1/batches", *form(photo)))["id"]
    while True:
        item = json.loads(ask(address, f"/api/v1/batches/{batch}/items"))["items"][0]
        if item["state"] in ("done", "failed", "cancelled") or time.monotonic() > until:
            break
        time.sleep(0.2)
    if item["state"] != "done":
        sys.exit(f"{photo.name}: {item['state']}: {item['reason']}: {item['detail']}")
    result.write_bytes(ask(address, f"/api/v1/items/{item['id']}/output"))
    print(f"{photo.name}: {item['state']}, {len(item['faces'])} faces, {result.stat().st_size} bytes")


if __name__ == "__main__":
    main()

"""A web server on this machine that does what servers and lines do to a download: breaks off, stalls, lies, redirects.

Its own file because it is a peer and no test. What a path answers is a list of behaviours, one a request, the last of them for
all that follow; a behaviour is a function of the Exchange.
"""
import hashlib
import http.server
import threading
import time


class Exchange:
    """One request, and the means to answer it."""

    def __init__(self, handler, server):
        self.handler, self.server = handler, server

    @property
    def asked_from(self):
        """The first byte that is asked for; None: the whole file."""
        asked = self.handler.headers.get("Range")
        return int(asked[len("bytes="):].rstrip("-")) if asked else None

    def start(self, code, *headers):
        self.handler.send_response(code)
        for name, value in headers:
            self.handler.send_header(name, value)
        self.handler.send_header("Connection", "close")
        self.handler.end_headers()

    def send(self, data):
        self.handler.wfile.write(data)
        self.handler.wfile.flush()


def etag(data):
    return '"' + hashlib.md5(data).hexdigest() + '"'


def serve(data, tag=None, keep=None, wait=False, honest_range=True, check_if_range=True, validators=True):
    """The file, as it should be served; or broken off (keep: so many bytes are sent), or stopped in the middle until the server
    is let go on (wait)."""
    def behave(exchange):
        first = exchange.asked_from if honest_range else None
        mine = tag or etag(data)
        if first is not None and check_if_range and exchange.handler.headers.get("If-Range", mine) != mine:
            first = None
        headers = [("ETag", mine)] if validators else []
        if first is not None and first >= len(data):
            exchange.start(416, ("Content-Range", f"bytes */{len(data)}"))
            return
        if first is None:
            exchange.start(200, ("Content-Length", len(data)), *headers)
        else:
            exchange.start(206, ("Content-Length", len(data) - first),
                           ("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}"), *headers)
        body = data[first or 0:]
        if wait:
            exchange.send(body[:len(body) // 2])
            exchange.server.released.wait(30)
            body = body[len(body) // 2:]
        exchange.send(body if keep is None else body[:keep])
    return behave


def answer(code, *headers, body=b""):
    def behave(exchange):
        exchange.start(code, ("Content-Length", len(body)), *headers)
        exchange.send(body)
    return behave


def redirect(to, code=302):
    return answer(code, ("Location", to))


def announce(length, data):
    """Says one length, sends another."""
    def behave(exchange):
        exchange.start(200, ("Content-Length", length), ("ETag", etag(data)))
        exchange.send(data)
    return behave


def chunked(*parts, end=True):
    """Without any length."""
    def behave(exchange):
        exchange.start(200, ("Transfer-Encoding", "chunked"))
        for part in parts:
            exchange.send(b"%x\r\n" % len(part) + part + b"\r\n")
        if end:
            exchange.send(b"0\r\n\r\n")
    return behave


def endless(block):
    def behave(exchange):
        exchange.start(200, ("Transfer-Encoding", "chunked"))
        while True:
            exchange.send(b"%x\r\n" % len(block) + block + b"\r\n")
    return behave


def silent(exchange):
    """Takes the request and never answers."""
    exchange.server.released.wait(30)


def rude(exchange):
    """Closes the line."""


class HostileServer:
    def __init__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.close_connection = True
                outer.seen.append((self.path, self.headers.get("Range"), self.headers.get("If-Range")))
                behaviours = outer.behaviours.get(self.path) or [answer(404)]
                behaviour = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
                try:
                    behaviour(Exchange(self, outer))
                except OSError:  # the other side had enough
                    pass

            def log_message(self, *arguments):
                pass
        self.seen, self.behaviours, self.released = [], {}, threading.Event()
        self.listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.listener.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.listener.server_port}"
        threading.Thread(target=self.listener.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.released.set()
        self.listener.shutdown()
        self.listener.server_close()

    def at(self, path, *behaviours):
        """What this path answers from now on. Returns its address."""
        self.behaviours[path] = list(behaviours)
        return self.address + path

    def asked(self, path):
        """The ranges that were asked for there."""
        return [span for seen, span, _ in self.seen if seen == path]

    def wait_for(self, path, seconds=20):
        end = time.monotonic() + seconds
        while not self.asked(path):
            assert time.monotonic() < end, f"nobody asked for {path}"
            time.sleep(0.01)

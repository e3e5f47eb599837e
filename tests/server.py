"""A real HTTP server on this machine that has files, and faults."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Faults:
    """What goes wrong.

    Attributes
    ----------
    cuts
        How many answers end after ``piece`` bytes, with the connection.
    busy
        How many requests are answered by 503.
    ranges
        Whether parts are sent; if not, always the whole file.
    shifted
        By how many bytes a part begins elsewhere than asked for.
    longer
        Bytes more than there are, in what is announced.
    md5
        Stated as Google's storage does.
    """

    cuts: int = 0
    piece: int = 1000
    busy: int = 0
    ranges: bool = True
    shifted: int = 0
    longer: int = 0
    md5: str | None = None
    etag: str = '"1"'


@dataclass
class Server:
    """The files by their paths, and the requests so far."""

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    requests: list[tuple[str, str | None]] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Server]:
    """Serve on a free port until the context is left."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *words: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            faults, asked = server.faults, self.headers.get("Range")
            server.requests.append((self.command, asked))
            content = server.files.get(self.path.partition("?")[0].lstrip("/"))
            if content is None:
                self.send_error(404)
                return
            if faults.busy:
                faults.busy -= 1
                self.send_error(503)
                return
            if_range = self.headers.get("If-Range")
            match = re.fullmatch(r"bytes=(\d+)-(\d*)", asked or "")
            partial = match is not None and faults.ranges and if_range in (None, faults.etag)
            first, last = 0, len(content) - 1
            if partial:
                assert match is not None
                first = int(match[1]) + faults.shifted
                last = min(last, int(match[2] or last))
                if first > last:
                    self.send_error(416)
                    return
            self.send_response(206 if partial else 200)
            if partial:
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
            self.send_header("Content-Length", str(last - first + 1 + faults.longer))
            self.send_header("ETag", faults.etag)
            if faults.md5:
                self.send_header("x-goog-hash", f"crc32c=AAAAAA==,md5={faults.md5}")
            self.end_headers()
            if not body:
                return
            sent = content[first : last + 1]
            if faults.cuts and len(sent) > faults.piece:
                faults.cuts -= 1
                sent = sent[: faults.piece]
                self.close_connection = True
            self.wfile.write(sent)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server = Server(f"http://127.0.0.1:{http.server_address[1]}/")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()

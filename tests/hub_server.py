"""A Hub on this machine: the part of the protocol that `huggingface_hub` 2.4 speaks to list and fetch one repository's files.

Asked at a pinned revision, the client sends `GET /api/models/ID/tree/REVISION`, then a HEAD and a GET of
`/ID/resolve/REVISION/FILE` for each file. Large files are answered as on the real Hub: a redirect to another host, which must
not be given the token. No answer carries a header of Xet, so every file comes over plain HTTP.
"""

import hashlib
import http.server
import json
import threading
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_LARGE = (".safetensors", ".bin")


class Asked(NamedTuple):
    """One request as the Hub saw it; `sought` is the Range header, `token` the Authorization header."""

    method: str
    host: str
    path: str
    sought: str
    token: str


class Hub(http.server.ThreadingHTTPServer):
    """Serves one folder as `repository` at `revision` for as long as the `with` block runs, and can be told to misbehave.

    `tokens` closes the gate: only a token in it whose value is True opens it, one whose value is False is known and not accepted.
    `drops` is how many more bodies of large files end in the middle, `changed` the files delivered with another byte, `status`
    an HTTP status that answers everything. `asked` holds all requests.
    """

    daemon_threads = True

    def __init__(self, folder: Path, repository: str, revision: str) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.folder, self.repository, self.revision = folder, repository, revision
        self.tokens: dict[str, bool] | None = None
        self.drops, self.status = 0, 0
        self.changed: set[str] = set()
        self.asked: list[Asked] = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))

    @property
    def address(self) -> str:
        """The value for HF_ENDPOINT."""
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> "Hub":
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops answering; a second call does nothing."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
            self.server_close()

    def bodies(self) -> list[str]:
        """Returns the names of the files whose content was asked for, in order."""
        return [one.path.rpartition("/")[2] for one in self.asked if one.method == "GET" and not one.path.startswith("/api/")]


class _Request(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def do_GET(self) -> None:
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        host, sought, token = (self.headers.get(name, "") for name in ("Host", "Range", "Authorization"))
        self.server.asked.append(Asked(self.command, host, path, sought, token))
        listing, files = f"/api/models/{self.server.repository}/tree/", f"/{self.server.repository}/resolve/"
        if self.server.status:
            self._refuse(self.server.status, "", "Not now")
        elif path.startswith("/far/"):
            self._send_file(path.removeprefix("/far/"))
        elif path.startswith(listing):
            self._about(path.removeprefix(listing), "", self._send_listing)
        elif path.startswith(files):
            self._about(*path.removeprefix(files).split("/", 1), self._send_or_redirect)
        else:
            self._refuse(404 if token else 401, "RepoNotFound", "Repository not found")

    do_HEAD = do_GET

    def _about(self, revision: str, name: str, answer: Callable[[str], None]) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        gate = self.server.tokens
        if gate is not None and token and token not in gate:
            self._refuse(401, "", "Invalid credentials in Authorization header")
        elif gate is not None and name and not gate.get(token):
            self._refuse(403 if token else 401, "GatedRepo", "Access to this model is restricted")
        elif revision != self.server.revision:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        elif name and not (self.server.folder / name).is_file():
            self._refuse(404, "EntryNotFound", "Entry not found")
        else:
            answer(name)

    def _send_listing(self, _: str) -> None:
        rows = []
        for path in sorted(p for p in self.server.folder.rglob("*") if p.is_file()):
            content = path.read_bytes()
            row = {"type": "file", "path": path.relative_to(self.server.folder).as_posix(), "size": len(content), "oid": _git_id(content)}
            if path.suffix in _LARGE:
                row["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
            rows.append(row)
        self._send(200, json.dumps(rows).encode(), {"Content-Type": "application/json"})

    def _send_or_redirect(self, name: str) -> None:
        if not name.endswith(_LARGE):
            self._send_file(name)
            return
        content = (self.server.folder / name).read_bytes()
        facts = {"X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
        self._send(302, b"", facts | {"Location": f"http://localhost:{self.server.server_port}/far/{name}"})

    def _send_file(self, name: str) -> None:
        content = (self.server.folder / name).read_bytes()
        facts = {"ETag": f'"{_git_id(content)}"', "Accept-Ranges": "bytes"}
        if name in self.server.changed:
            content = content[:-1] + bytes([content[-1] ^ 1])
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        if start:
            facts["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        drop = self.command == "GET" and name.endswith(_LARGE) and self.server.drops > 0
        self.server.drops -= drop
        self._send(206 if start else 200, content[start:], facts, drop=drop)

    def _refuse(self, status: int, code: str, message: str) -> None:
        self._send(status, b"{}", {"X-Error-Code": code, "X-Error-Message": message} if code else {"X-Error-Message": message})

    def _send(self, status: int, content: bytes, headers: dict[str, str], drop: bool = False) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), "X-Repo-Commit": self.server.revision, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if drop:
            content, self.close_connection = content[: len(content) * 2 // 3], True
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Keeps quiet."""


def _git_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

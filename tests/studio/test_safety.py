"""What others send can do no harm."""

import io
import socket
import struct
import zipfile
import zlib

import httpx
import numpy as np
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from analogon.studio.gate import COOKIE, LARGEST_BODY, new_token

from .served import Page, labels, photo, png, serving


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG file of a few kilobytes that unpacks to gigabytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 4_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture"),
        (b"GIF89a" + b"\0" * 50, "no picture"),
        (png(photo())[:300], "damaged"),
        (bomb(60_000, 60_000), "egapixels"),
        (bomb(5000, 4000), "megapixels"),
        (bomb(3000, 3000), "damaged"),
        (png(np.zeros((8, 8, 3), np.uint8)), "8x8"),
    ],
)
def test_uploads_are_verified_by_decoding(client, content, word):
    before = client.get("api/projects").json()
    answer = client.post("api/projects", content=content, headers={"Content-Type": "image/png"})
    assert answer.status_code == 422, answer.text
    assert word in answer.json()["error"] or "no picture" in answer.json()["error"]
    assert client.get("api/projects").json() == before


def test_a_body_that_is_too_long_is_not_read(url):
    host = url.split("/")[2]
    name, port = host.split(":")
    for length, status in ((f"Content-Length: {LARGEST_BODY + 1}", b"413"), ("Transfer-Encoding: chunked", b"411")):
        with socket.create_connection((name, int(port)), timeout=10) as one:
            one.sendall(f"POST /api/projects HTTP/1.1\r\nHost: {host}\r\n{length}\r\n\r\n".encode())
            assert one.recv(100).split()[1] == status


def test_archives_that_unpack_to_too_much(client):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.json", b" " * (300 << 20))
    assert len(data.getvalue()) < 1 << 20
    answer = client.post("api/import", content=data.getvalue())
    assert answer.status_code == 422 and "too large" in answer.json()["error"]


def test_archives_write_nowhere(client, data):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../escaped.png", png(photo()))
        archive.writestr("../img.png", png(photo()))
    assert client.post("api/import", content=packed.getvalue()).status_code == 422
    assert not list(data.parent.rglob("*escaped*"))
    assert client.post("api/import", content=b"PK\x03\x04nothing").status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "page/../server.py",
        "page/..%2fserver.py",
        "page/%2e%2e/server.py",
        "page/..%5cserver.py",
        "page//etc/passwd",
        "page/.hidden.js",
        "page/__init__.py",
        "api/projects/..%2f..%2fetc",
        "api/projects/../../etc/photo.png",
        "api/projects/0123456789abcdeg",
        "api/projects/0123456789abcdef/photo.png",
        "api/projects/0123456789abcdef/result.png",
        "api/projects/0123456789abcdef/target.bin",
    ],
)
def test_there_is_no_way_out_of_the_folder(url, path):
    host = url.split("/")[2]
    name, port = host.split(":")
    with socket.create_connection((name, int(port)), timeout=10) as one:  # as it is: clients tidy paths up
        one.sendall(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: one.recv(65536), b""))
    assert answer.split()[1] == b"404", answer[:200]
    assert b"import" not in answer and b"Traceback" not in answer


def test_titles_are_only_text(client):
    hard = "<script>alert(1)</script>\u202e\x00../../x"
    made = client.post("api/projects", params={"title": hard}, content=png(photo())).json()
    assert client.get(f"api/projects/{made['id']}").json()["title"] == "<script>alert(1)</script> ../../x"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://{host}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_change_nothing(client, url, page, headers):
    headers = {name: value.format(host=url.split("/")[2]) for name, value in headers.items()}
    before = page.state()
    asked = {"version": before["version"], "operations": [{"do": "move", "of": "tree", "right": 9}]}
    assert client.post(f"{page.at}/operations", json=asked, headers=headers).status_code == 403
    assert client.delete(page.at, headers=headers).status_code == 403
    assert client.post("api/projects", content=png(photo()), headers=headers).status_code == 403
    assert page.state() == before
    address = url.replace("http", "ws", 1) + page.at + "/live"
    with pytest.raises(InvalidStatus):
        connect(address, additional_headers=headers, legacy=True)
    same = {"Origin": url.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert client.post(f"{page.at}/operations", json=asked, headers=same).status_code == 200
    connect(address, additional_headers=same, legacy=True).close()


def test_other_names_are_not_answered(client, url, page):
    """A page of another site whose name points here reads nothing."""
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "[", ""):
        assert client.get("api/projects", headers={"Host": host}).status_code == 400
    assert client.get("api/projects", headers={"Host": f"localhost:{url.split(':')[2][:-1]}"}).status_code == 200


def test_others_need_the_token(tmp_path):
    token = new_token()
    with serving(tmp_path / "data", token) as url, httpx.Client(base_url=url, timeout=60) as client:
        for path in ("", "api/projects", "page/index.html", "?token=wrong", "api/projects?token="):
            answer = client.get(path)
            assert answer.status_code == 401 and token not in answer.text
        assert client.get("api/projects", headers={"Cookie": f"{COOKIE}=wrong"}).status_code == 401
        with pytest.raises(InvalidStatus):
            connect(url.replace("http", "ws", 1) + "api/projects/x/live", legacy=True)
        entered = client.get("api/projects", params={"token": token, "of": "me"})
        assert (entered.status_code, entered.headers["location"]) == (303, "/api/projects?of=me")
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
        assert client.get("api/projects").json() == [], "the cookie is enough from now on"
        page = Page.labelled(client)
        evil = {"Origin": "http://evil.example"}
        assert client.delete(page.at, headers=evil).status_code == 403, "with the cookie, too"


def test_every_answer_has_headers_that_keep_others_out(client, page):
    for path in ("api/projects", f"{page.at}/photo.png", "nothing", "page/nothing.js"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy and "http" not in policy and "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff" and "frame-ancestors 'none'" in policy
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"version": 1, "magic": 1}', b'{"version": "x", "operations": []}', b"[" * 100_000],
)
def test_messages_that_are_none(page, content):
    before = page.state()
    for where in ("operations", "labels", "classes", "scribbles", "jobs"):
        answer = page.post(where, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), (where, answer.text)
        assert answer.json()["error"].endswith(".")
    assert page.state() == before and labels().shape == tuple(before["size"])

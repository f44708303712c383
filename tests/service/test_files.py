"""Where files are: a folder, or an S3 bucket."""

import select
import socket
import socketserver
import subprocess
import sys
import threading
import time
import tracemalloc

import httpx
import pytest
from sqlalchemy import select as chosen

import analogon
from analogon.service import working
from analogon.service.files import open_files
from analogon.service.store import MOST_ATTEMPTS, Store
from analogon.service.tables import Job
from analogon.serving.failures import UnreachedError

from .served import layout, photo, serving, until


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """The address of an S3 server with a bucket."""
    pytest.importorskip("moto")
    pytest.importorskip("s3fs")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "import sys; from moto.server import main; main(sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"

    def made() -> bool:
        try:
            return httpx.put(f"{address}/pictures", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    until(made)
    yield address
    process.kill()
    process.wait()


@pytest.fixture
def s3(bucket, monkeypatch):
    for name, value in (("AWS_ENDPOINT_URL", bucket), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"),
                        ("AWS_DEFAULT_REGION", "us-east-1")):  # fmt: skip
        monkeypatch.setenv(name, value)
    return "s3://pictures/service"


@pytest.mark.filterwarnings("ignore")  # of botocore
@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_files(request, tmp_path, kind):
    files = open_files(request.getfixturevalue("s3") if kind == "s3" else None, tmp_path)
    files.write("a/b/one", b"1")
    files.write("a/b/one", b"2")
    files.write("a/two", b"3")
    assert files.read("a/b/one") == b"2" and files.read("a/two") == b"3"
    files.remove("a/two")
    files.remove("a/two")
    with pytest.raises(FileNotFoundError):
        files.read("a/two")
    files.delete("a")
    files.delete("a")
    with pytest.raises(FileNotFoundError):
        files.read("a/b/one")


def test_what_cannot_be_deleted_is_told(tmp_path):
    files = open_files(None, tmp_path)
    files.write("a/b", b"1")
    with pytest.raises(OSError, match="b"):
        files.delete("a/b")  # which is no folder
    assert files.read("a/b") == b"1"


def test_large_files_are_never_in_memory(tmp_path):
    files, large = open_files(None, tmp_path), tmp_path / "large"
    with large.open("wb") as file:
        for n in range(24):
            file.write(bytes([n]) * 2**20)
    tracemalloc.start()
    files.write("a/large", large)
    lengths = [(one[0], len(one)) for one in files.pieces("a/large")]
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lengths == [(n, 2**20) for n in range(24)] and most < 4 * 2**20


@pytest.mark.filterwarnings("ignore")
def test_large_files_go_to_s3_in_pieces(tmp_path, s3):
    files, large = open_files(s3, tmp_path), tmp_path / "large"
    large.write_bytes(bytes(range(256)) * 4096 * 20)  # over twice the piece, below which it is sent as a whole
    files.write("a/large", large)
    assert b"".join(files.pieces("a/large")) == large.read_bytes()
    with pytest.raises(FileNotFoundError):
        next(files.pieces("a/small"))


class Between(socketserver.ThreadingTCPServer):
    """A way to a server that is cut off, or answered by somebody who has no time, as ``broken`` says."""

    daemon_threads = True
    broken = ""

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Between.Way)
        self.there = port

    class Way(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if self.server.broken == "busy":
                self.request.recv(2**16)
                told = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
                head = f"HTTP/1.1 503 Slow Down\r\nConnection: close\r\nContent-Length: {len(told)}\r\n\r\n"
                self.request.sendall(head.encode() + told)
                return
            with socket.create_connection(("127.0.0.1", self.server.there)) as there:
                ways = {self.request: there, there: self.request}
                while not self.server.broken:
                    for one in select.select(list(ways), [], [], 0.05)[0]:
                        data = one.recv(2**16)
                        if not data:
                            return
                        ways[one].sendall(data)


@pytest.fixture
def between(bucket, s3, monkeypatch):
    with Between(int(bucket.rpartition(":")[2])) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setattr("s3fs.S3FileSystem.retries", 2)
        yield server
        server.shutdown()


@pytest.mark.filterwarnings("ignore")
def test_a_place_that_cannot_be_reached(tmp_path, between, s3):
    files = open_files(s3, tmp_path)
    files.write("a/one", b"1")
    (tmp_path / "two").write_bytes(b"2")
    for broken in ("closed", "busy"):
        between.broken = broken
        for ask in (lambda: files.read("a/one"), lambda: next(files.pieces("a/one")), lambda: files.remove("a/one"),
                    lambda: files.write("a/two", tmp_path / "two"), lambda: files.delete("a")):  # fmt: skip
            with pytest.raises(UnreachedError):
                ask()
    between.broken = ""
    assert files.read("a/one") == b"1"


@pytest.mark.filterwarnings("ignore")
def test_a_service_whose_s3_goes_and_comes(tmp_path, between, s3, sentence):
    """Requests are refused in a sentence, and jobs wait until their results can be stored."""
    with serving(tmp_path / "data", files=s3, renders=1) as url, analogon.Client(url, patience=0) as client:
        project = client.create_project(photo(), layout())
        first = client.wait(client.render(project, layout(9)), timeout=60)
        between.broken = "closed"
        waits = client.render(project, layout(7))
        for ask in (lambda: client.create_project(photo(), layout()), lambda: client.download(first),
                    lambda: client.delete_job(first), lambda: client.delete_project(project)):  # fmt: skip
            with pytest.raises(analogon.ServiceError) as caught:
                ask()
            assert caught.value.status == 503 and "files" in sentence(caught.value)
        between.broken = "busy"
        time.sleep(1)
        assert client.job(waits).state in ("queued", "running")
        between.broken = ""
        assert client.wait(waits, timeout=60).state == "done"
        assert client.image(waits).shape == client.image(first).shape == (16, 16, 3)
        client.delete_project(project)
        assert client.storage().used == 0
    assert not (tmp_path / "data" / "files").exists()


@pytest.mark.filterwarnings("ignore")
def test_a_service_whose_s3_refuses_it(tmp_path, bucket, s3, sentence, monkeypatch):
    """A job is tried again, and fails where its key is no longer taken; what was asked for meanwhile is refused."""
    monkeypatch.setattr(working, "_LOOK_SECONDS", 0.05)
    with serving(tmp_path / "data", files=s3, renders=1) as url, analogon.Client(url, patience=0) as client:
        project = client.create_project(photo(), layout())
        client.wait(client.render(project, layout(9)), timeout=60)
        httpx.post(f"{bucket}/moto-api/reset-auth", content=b"0").raise_for_status()  # from now on nobody is let in
        try:
            refused = [client.render(project, layout(7)), client.fit(project, "semia", steps=1)]
            refused = [client.wait(one, timeout=60) for one in refused]
            with pytest.raises(analogon.ServiceError) as caught:
                client.create_project(photo(), layout())
        finally:
            httpx.post(f"{bucket}/moto-api/reset-auth", content=b"inf").raise_for_status()
        assert caught.value.status == 507 and "key" in sentence(caught.value)
        for one in refused:
            assert one.state == "failed" and "key" in sentence(one.error)
        store = Store.open(tmp_path / "data")
        with store.reading() as session:
            tried = session.scalars(chosen(Job.attempts).where(Job.state == "failed")).all()
        store.close()
        assert tried == [MOST_ATTEMPTS] * 2
        assert client.wait(client.render(project, layout(7)), timeout=60).state == "done"


@pytest.mark.parametrize("place", ["nowhere://x", "s4://x/y", "/proc/nothing"])
def test_places_that_are_none(tmp_path, place, sentence):
    with pytest.raises((analogon.OptionError, analogon.InputError)) as caught:
        open_files(place, tmp_path)
    sentence(caught.value, place, "--files")

"""Where files are: a folder, or an S3 bucket."""

import socket
import subprocess
import sys

import httpx
import pytest

import analogon
from analogon.service.files import open_files

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


@pytest.mark.filterwarnings("ignore")
def test_a_service_on_s3(tmp_path, s3):
    with serving(tmp_path / "data", files=s3) as url, analogon.Client(url) as client:
        project = client.create_project(photo(), layout())
        job = client.wait(client.render(project, layout(9)), timeout=60)
        assert job.state == "done" and client.image(job).shape == (16, 16, 3)
        client.delete_project(project)
    assert not (tmp_path / "data" / "files").exists()


@pytest.mark.parametrize("place", ["nowhere://x", "s4://x/y", "/proc/nothing"])
def test_places_that_are_none(tmp_path, place, sentence):
    with pytest.raises((analogon.OptionError, analogon.InputError)) as caught:
        open_files(place, tmp_path)
    sentence(caught.value, place, "--files")

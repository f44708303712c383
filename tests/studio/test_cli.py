"""`analogon studio` from the shell."""

import os
import signal
import subprocess
import sys
from contextlib import closing, contextmanager

import httpx
import pytest

from analogon.serving.listening import listen

CODE = "import sys; from analogon.cli import main; sys.exit(main())"


@contextmanager
def started(*arguments: object):
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, "studio", "--port", "0", "--no-browser", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process, process.stdout.readline().split()[0]
    finally:
        process.kill()
        process.communicate(timeout=20)


def test_it_serves_this_machine_and_ends_politely(tmp_path):
    with started("--data", tmp_path / "new" / "data") as (process, url):
        assert url.startswith("http://127.0.0.1:") and "token" not in url
        methods = httpx.get(f"{url}api/methods", timeout=30).json()
        assert methods[0]["name"] == "patch" and methods[0]["available"] and not methods[0]["learns"]
        assert {"semia", "collage"} <= {one["name"] for one in methods if one["learns"]}
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0 and "Traceback" not in err and str(tmp_path / "new" / "data") in out


def test_the_network_needs_the_token_that_is_printed(tmp_path):
    with started("--data", tmp_path, "--host", "0.0.0.0") as (_, url):
        address, token = url.split("?token=")
        assert len(token) >= 32
        assert httpx.get(f"{address}api/projects", timeout=30).status_code == 401
        with httpx.Client(follow_redirects=True, timeout=30) as client:
            assert client.get(f"{address}api/projects?token={token}").json() == []


@pytest.mark.parametrize(
    ("arguments", "word"), [(["--port", "70000"], "--port"), (["--host", "nowhere.invalid"], "--host")]
)
def test_what_cannot_be_served(tmp_path, arguments, word):
    ran = subprocess.run(
        [sys.executable, "-c", CODE, "studio", "--data", str(tmp_path), "--no-browser", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 2 and word in ran.stderr and "Traceback" not in ran.stderr


def test_a_port_that_is_taken_and_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with closing(listen("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        wrong = [(port, tmp_path, "Port"), ("0", tmp_path / "file", "--data")]
        for number, data, word in wrong:
            arguments = ["--port", number, "--data", str(data)]
            ran = subprocess.run(
                [sys.executable, "-c", CODE, "studio", "--no-browser", *arguments],
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert ran.returncode == 2 and word in ran.stderr and "Traceback" not in ran.stderr, ran.stderr

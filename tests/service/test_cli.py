"""The command, and the client where no server is."""

import gc
import os
import signal
import stat
import subprocess
import sys
import threading

import pytest

import analogon
from analogon.cli import main

from .served import CODE, Process, layout, photo


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--port", "99999"], "--port"),
        (["--renders", "-1"], "--renders"),
        (["--fits", "1000"], "--fits"),
        (["--max-pixels", "0"], "--max-pixels"),
        (["--max-storage", "0"], "--max-storage"),
        (["--max-total", "-1"], "--max-total"),
        (["--database", "mysql://x/y"], "--database"),
        (["--database", "postgresql://me@127.0.0.1:1/x"], "--database"),
        (["--database", "nothing"], "--database"),
        (["--files", "nowhere://x"], "--files"),
        (["--tokens", "missing"], "--tokens"),
        (["--host", "no.such.host.invalid"], "--host"),
        (["--data", "/proc/nothing"], "--data"),
    ],
)
def test_options_that_cannot_be_used(tmp_path, monkeypatch, capsys, sentence, options, named):
    monkeypatch.chdir(tmp_path)
    assert main(["serve", *options]) == 2
    told = capsys.readouterr().err.removeprefix("analogon: error: ").strip()
    sentence(told, named)


@pytest.mark.parametrize("own", [False, True])
def test_whose_process_it_is(tmp_path, capsys, monkeypatch, own):
    """The command keeps its memory small; another program that serves has its own settings."""
    frozen, serve = [], analogon.serve

    def ask(address: str) -> None:
        with analogon.Client(address) as client:
            client.health()
        frozen.append(gc.get_freeze_count())
        os.kill(os.getpid(), signal.SIGINT)

    def ready(address: str, _token: str | None) -> None:
        threading.Thread(target=ask, args=(address,)).start()

    if own:
        main_ready = lambda given: lambda *told: (given(*told), ready(*told))  # noqa: E731
        monkeypatch.setattr(analogon, "serve", lambda *a, **k: serve(*a, **k | {"ready": main_ready(k["ready"])}))
        assert main(["serve", "--data", str(tmp_path), "--port", "0"]) == 0
    else:
        serve(tmp_path, port=0, ready=ready)
    assert (frozen[0] > 0) == own and gc.get_freeze_count() == 0


def test_others_than_this_machine_need_the_token(tmp_path):
    server = Process(tmp_path / "data", "--host", "0.0.0.0")
    try:
        token = server.process.stdout.readline().split()[1]
        with analogon.Client(server.address, patience=0) as nobody, pytest.raises(analogon.ServiceError):
            list(nobody.projects())
        with analogon.Client(server.address, token) as client:
            assert client.create_project(photo(), layout()).width == 16
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
        assert server.end() == 0
    finally:
        server.process.kill()


def test_a_client_without_a_server(sentence):
    with analogon.Client("http://127.0.0.1:9", patience=0) as client:
        with pytest.raises(analogon.ServiceError) as caught:
            client.health()
        sentence(caught.value, "http://127.0.0.1:9")
        with pytest.raises(analogon.InputError) as missing:
            client.create_project("missing.png", layout())
        sentence(missing.value, "missing.png")
        with pytest.raises(analogon.InputError) as wrong:
            client.create_project(photo(), layout().ids.astype(float))
        sentence(wrong.value)
    for address in ("http://[", "127.0.0.1:8770", "ftp://x", "http://"):
        with pytest.raises(analogon.OptionError) as refused:
            analogon.Client(address)
        sentence(refused.value, address)
    with pytest.raises(analogon.OptionError) as refused:
        analogon.Client(token="")
    sentence(refused.value)


def test_the_package_starts_without_httpx():
    code = "import sys; sys.modules['httpx'] = None; import analogon; analogon.Client('http://x')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "pip install 'analogon[client]'" in found.stderr
    assert CODE not in found.stdout

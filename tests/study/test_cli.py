import json
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from analogon.cli import main

from .compared import write_comparison
from .people import Served, free_port


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str
    check: Callable[..., str]

    @property
    def sentence(self) -> str:
        assert self.code == 2
        return self.check(self.err.removeprefix("analogon: error: ").removesuffix("\n"))


@pytest.fixture
def analogon(capsys, sentence) -> Callable[..., Said]:
    """Runs one command line in this process."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Said(code, *capsys.readouterr(), sentence)

    return run


@pytest.fixture
def report(tmp_path):
    write_comparison(tmp_path / "report")
    return tmp_path / "report"


def test_from_a_comparison_to_an_address(analogon, report, tmp_path):
    study = tmp_path / "study"
    answer = analogon(
        "study", "make", report, "-o", study, "--contenders", "zebrawood, elsewhere", "--questions", 3, "--layout",
        "--checks", 1, "--check", "source", "--seed", 4, "--title", "Look here", "--introduction", "One.", "--consent",
        "Two.", "--show-layout",
    )  # fmt: skip
    assert (answer.code, answer.err) == (0, "")
    assert "6 questions with 2 pictures each" in answer.out and f"analogon study serve {study}" in answer.out
    record = json.loads((study / "study.json").read_text())
    assert (record["title"], record["introduction"], record["consent"]) == ("Look here", "One.", "Two.")
    assert (record["seed"], record["criteria"], record["show_layout"]) == (4, ["appearance", "layout"], True)
    roles = [card["role"] for question in record["questions"] for card in question["cards"]]
    assert (roles.count("contender"), roles.count("first"), roles.count("last")) == (6, 1, 0)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_server(analogon, report, tmp_path, how):
    study = tmp_path / "study"
    assert analogon("study", "make", report, "-o", study).code == 0
    served = Served(study, free_port())
    served.start()
    taken = analogon("study", "serve", study, "--port", served.port)
    assert taken.sentence == (
        f"Port {served.port} of 127.0.0.1 is taken by another program: choose another with --port, or --port 0."
    )
    code, out, err = served.stop(how)
    assert (code, err) == (0, "")
    assert f"analogon study results {study}" in out
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", served.port)) != 0
    assert not (study / "study.sqlite-wal").exists(), "the log is in the file"
    assert "Nobody has answered" in analogon("study", "results", study).sentence


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["make", "{tmp}/nowhere", "-o", "{tmp}/s"], ["nowhere"]),
        (["make", "{tmp}/report", "-o", "{tmp}/s", "--contenders", "zebrawood,"], ["--contenders", "empty"]),
        (["make", "{tmp}/report", "-o", "{tmp}/s", "--check", "hard"], ["--check", "hard"]),
        (["make", "{tmp}/report", "-o", "{tmp}/report"], ["report", "not empty"]),
        (["serve", "{tmp}/nowhere"], ["nowhere", "analogon study make"]),
        (["serve", "{tmp}/report"], ["report", "analogon study make"]),
        (["results", "{tmp}/nowhere"], ["nowhere", "analogon study make"]),
        (["serv", "x"], ["'serv' is no command of analogon study: did you mean serve?"]),
        (["serve"], ["STUDY is missing: see analogon study serve --help."]),
    ],
)
def test_mistakes(analogon, report, tmp_path, arguments, words):
    answer = analogon("study", *(argument.format(tmp=tmp_path) for argument in arguments))
    for word in words:
        assert word in answer.sentence
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--port", "70000"], "--port cannot be 70000"), (["--host", "203.0.113.7"], "'203.0.113.7'")],
)
def test_addresses_that_cannot_be(analogon, report, tmp_path, options, words):
    assert analogon("study", "make", report, "-o", tmp_path / "study").code == 0
    assert words in analogon("study", "serve", tmp_path / "study", *options).sentence
    assert not (tmp_path / "study" / "study.sqlite").exists()

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import analogon as package

VERBS = ["make", "fit", "render", "label", "methods"]


def test_version_is_the_packages(analogon):
    answer = analogon("--version")
    assert answer.code == 0
    assert answer.out.strip() == package.__version__


def test_help_lists_every_verb_and_an_example(analogon):
    answer = analogon("--help")
    assert answer.code == 0
    for verb in VERBS:
        assert re.search(rf"^│ {verb} ", answer.out, re.MULTILINE)
    assert "Example: analogon make" in answer.out


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_has_usage_and_an_example(analogon, verb):
    answer = analogon(verb, "--help")
    assert answer.code == 0
    assert answer.out.startswith(f"Usage: analogon {verb} ")
    assert f"Example: analogon {verb} " in answer.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mak"], ['"mak"', 'Did you mean "make"?']),
        (["make", "a", "b", "c", "-o", "x", "--stepz", "3"], ["--stepz", "Did you mean --steps?"]),
        (["make", "a", "b", "c"], ["--output", "see analogon make --help."]),
        (["fit", "a", "b", "-o", "m", "--steps", "few"], ["--steps", '"few"', "see analogon fit --help."]),
        (["render"], ["MODEL", "see analogon render --help."]),
        (["label", "a", "b", "-o", "c.png"], ["b", "see analogon label --help."]),
    ],
)
def test_usage_errors_are_one_sentence(analogon, arguments, words):
    sentence = analogon(*arguments).sentence
    for word in words:
        assert word in sentence


def run(*arguments: str, **changes) -> subprocess.CompletedProcess:
    command = [
        sys.executable,
        "-c",
        "import sys; from analogon.cli import main; sys.exit(main())",
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, **changes)


def test_help_is_quick():
    seconds = []
    for _ in range(3):
        before = os.times()
        assert run("--help").returncode == 0
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(seconds) < 0.3


def test_exit_codes_and_streams_of_the_process():
    wrong = run("mak")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("analogon: error: ")
    right = run("--version")
    assert (right.returncode, right.stderr) == (0, "")


def test_completion_is_installed(tmp_path: Path):
    environment = {**os.environ, "HOME": str(tmp_path), "SHELL": "/bin/bash"}
    answer = run("--install-completion", "--shell", "bash", env=environment)
    assert answer.returncode == 0, answer.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("complete " in path.read_text() and "render" in path.read_text() for path in written)


def test_a_closed_pipe_is_no_traceback():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", "import sys; from analogon.cli import main; sys.exit(main())", "methods"]
    with os.fdopen(writer, "wb") as pipe:
        answer = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
    assert answer.returncode == 141
    assert answer.stderr == ""

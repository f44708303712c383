import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import analogon as package

VERBS = ["make", "fit", "render", "export", "label", "methods"]


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
    ("arguments", "message"),
    [
        (["mak"], "'mak' is no command: did you mean make?"),
        (
            ["foo"],
            "'foo' is no command: use one of make, fit, train, render, vary, retarget, paint, edit, harmonize, "
            "upscale, animate, remove, export, label, layout, studio, serve, score, evaluate, compare, bench, augment, "
            "methods, dataset, study.",
        ),
        (["--foo"], "'--foo' is no option of analogon: see analogon --help."),
        (
            ["make", "a", "b", "c", "-o", "x", "--stepz", "3"],
            "'--stepz' is no option of analogon make: did you mean --steps?",
        ),
        (["methods", "--all"], "'--all' is no option of analogon methods: see analogon methods --help."),
        (["make", "a", "b", "c"], "--output is missing: see analogon make --help."),
        (["make", "a", "b", "c", "-o"], "-o needs a value: see analogon make --help."),
        (["fit", "a", "b", "-o", "m", "--seed"], "--seed needs a value: see analogon fit --help."),
        (
            ["fit", "a", "b", "-o", "m", "--steps", "few"],
            "--steps cannot be 'few': give it a whole number, or see analogon fit --help.",
        ),
        (
            ["fit", "a", "b", "-o", "m", "--steps", "1.5"],
            "--steps cannot be '1.5': give it a whole number, or see analogon fit --help.",
        ),
        (
            ["fit", "a", "b", "-o", "m", "--seed", "-1.5"],
            "--seed cannot be '-1.5': give it a whole number, or see analogon fit --help.",
        ),
        (["fit", "a", "b", "-o", "m", "--steps", "2.0"], "There is no file 'a': check the path."),
        (["fit", "a", "b", "-o", "m", "--minutes", "1.5"], "There is no file 'a': check the path."),
        (
            ["render", "m", "t", "-o", "x", "--paste", "2", "1.5"],
            "--paste cannot be '1.5': give it a whole number, or see analogon render --help.",
        ),
        (
            ["fit", "a", "b", "-o", "m", "--minutes", "1m"],
            "--minutes cannot be '1m': give it a number, or see analogon fit --help.",
        ),
        (
            ["fit", "a", "b", "-o", "m", "--resume=5"],
            "--resume cannot be '5': give it no value, or see analogon fit --help.",
        ),
        (["fit", "a", "b", "-o", "m", "-o", "n"], "-o is given twice: leave one out."),
        (["render"], "MODEL is missing: see analogon render --help."),
        (["render", "m", "-o", "x"], "TARGETS is missing: see analogon render --help."),
        (
            ["label", "a", "b", "-o", "c.png"],
            "'b' is one argument too many for analogon label: leave it out, or see analogon label --help.",
        ),
        (["fit", "a", "b", "-o", ""], "-o is empty: fill it in."),
        (["fit", "a", "b", "--output="], "--output is empty: fill it in."),
        (["fit", "a", " ", "-o", "m"], "An argument is empty: fill it in."),
    ],
)
def test_usage_errors_are_one_plain_sentence(analogon, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert analogon(*arguments).sentence == message
    assert not list(tmp_path.iterdir())


def test_what_render_needs_is_marked_as_required(analogon):
    answer = analogon("render", "--help")
    for name in ("MODEL", "TARGETS", "--output"):
        assert re.search(rf"^│ \*  {name} .*\[required\]", answer.out, re.MULTILINE), name


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

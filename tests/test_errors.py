"""What people read: every message of the package, as it stands in the source, is one sentence."""

import ast
from pathlib import Path

import pytest

import analogon
from analogon import errors

KINDS = [errors.InputError, errors.LabelError, errors.OptionError, errors.ModelError, errors.TrainingError]
NAMES = {kind.__name__ for kind in KINDS}
SOURCE = Path(analogon.__file__).parent


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_caught_as_analogon_error_and_by_no_other_kind(kind: type[Exception]) -> None:
    assert issubclass(kind, errors.AnalogonError)
    assert not any(issubclass(kind, other) for other in KINDS if other is not kind)


def texts(node: ast.expr) -> str:
    """A message with X for what is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(texts(part) for part in node.values)
    return "X"


def messages() -> dict[str, str]:
    """Every message that is written where its error is made, by its place."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[message, *_]) if name in NAMES and texts(message) != "X":
                    found[f"{path.relative_to(SOURCE)}:{node.lineno}"] = texts(message)
    return found


def test_the_messages_are_found():
    assert len(messages()) > 60
    assert len({place.partition(":")[0] for place in messages()}) > 15


@pytest.mark.parametrize(("place", "message"), messages().items(), ids=messages())
def test_every_message_is_one_sentence_that_says_what_to_do(place, message, sentence):
    if message.endswith("X"):  # the end is filled in, with a full stop of its own
        message += "."
    sentence(message)
    assert any(mark in message for mark in (":", ";", ",", "X.")), "what is wrong, and then what to do"


@pytest.mark.parametrize(
    "message",
    [
        "Something is wrong here: do something else",
        "Something is wrong here. Do something else.",
        "Something is wrong here:\ndo something else.",
        "Something is wrong (KeyError: 'seed'): do something else.",
        "Something is wrong at <object object at 0x7f0>: do something else.",
        "something is wrong here: do something else.",
        "",
    ],
)
def test_what_is_no_sentence_is_refused(message, sentence):
    with pytest.raises(AssertionError):
        sentence(message)


def test_what_is_not_named_is_missed(sentence):
    assert (
        sentence(errors.InputError("'a.png' is empty: save it again."), "a.png") == "'a.png' is empty: save it again."
    )
    with pytest.raises(AssertionError):
        sentence(errors.InputError("'a.png' is empty: save it again."), "b.png")

"""The command `analogon`: one module per verb, imported when the verb is used."""

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from types import NoneType
from typing import get_args

from cyclopts import (
    App,
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)
from cyclopts.argument import Argument, ArgumentCollection
from cyclopts.token import Token

from analogon._version import __version__
from analogon.errors import AnalogonError, OptionError

# Collecting garbage takes a tenth of a short process: hardly any comes about while modules are imported, and none is
# worth looking for at the end.
gc.set_threshold(50_000)
atexit.register(gc.freeze)
# Looking for plugins of pydantic reads the metadata of all that is installed.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

USAGE_ERROR = 2
INTERRUPTED = 130
BROKEN_PIPE = 141

_VERBS = {
    "make": (
        "Fit a picture and render new label maps, in one go.",
        "(IMAGE LABELS TARGET... | FOLDER) -o DIR [OPTIONS]",
        "Example: analogon make photo.jpg labels.png moved.png -o out",
    ),
    "fit": (
        "Learn a picture and its label map; write a model folder.",
        "(IMAGE [LABELS] | FOLDER...) -o MODEL [OPTIONS]",
        "Example: analogon fit photo.jpg labels.png -o model --method semia --minutes 10",
    ),
    "train": (
        "Learn a data set of pictures with label maps; write a model folder.",
        "METHOD --data ROOT -o MODEL [OPTIONS]",
        "Example: analogon train spade --data camvid -o model --minutes 30",
    ),
    "render": (
        "Render new label maps with a fitted or trained model.",
        "MODEL TARGET... -o DIR [OPTIONS]",
        "Example: analogon render model moved.png bigger.png -o out",
    ),
    "vary": (
        "Make random pictures of the same kind.",
        "(IMAGE | MODEL) -o DIR [OPTIONS]",
        "Example: analogon vary photo.jpg -n 4 -o out",
    ),
    "retarget": (
        "Bring a picture to another size: what is in it keeps its size and shape.",
        "(IMAGE | MODEL) (--size WIDTHxHEIGHT | --sizes SIZE,SIZE,...) -o FILE [OPTIONS]",
        "Example: analogon retarget photo.jpg --size 900x300 -o wide.png",
    ),
    "paint": (
        "Turn a rough painting into a picture that looks like another.",
        "(IMAGE | MODEL) PAINTING -o FILE [OPTIONS]",
        "Example: analogon paint photo.jpg rough.png -o out.png",
    ),
    "edit": (
        "Make a picture consistent that was cut and pasted.",
        "(IMAGE | MODEL) EDITED -o FILE [OPTIONS]",
        "Example: analogon edit photo.jpg pasted.png -o out.png",
    ),
    "harmonize": (
        "Give a pasted object the look of the picture.",
        "(IMAGE | MODEL) COMPOSITE MASK -o FILE [OPTIONS]",
        "Example: analogon harmonize photo.jpg pasted.png mask.png -o out.png",
    ),
    "upscale": (
        "Enlarge a picture with detail of its own.",
        "(IMAGE | MODEL) -o FILE [OPTIONS]",
        "Example: analogon upscale photo.jpg --factor 2 -o large.png",
    ),
    "animate": (
        "Make a picture move, as a short loop.",
        "(IMAGE | MODEL) -o FILE [OPTIONS]",
        "Example: analogon animate photo.jpg --frames 30 -o loop.gif",
    ),
    "remove": (
        "Remove objects from a picture: what surrounds them takes their place.",
        "(IMAGE [LABELS] | MODEL) (--class NAME | --mask FILE) -o FILE [OPTIONS]",
        "Example: analogon remove photo.jpg labels.png --class boat -o out.png",
    ),
    "export": (
        "Write a fitted model for other programs and browsers, as an ONNX file.",
        "MODEL -o FILE.onnx",
        "Example: analogon export model -o model.onnx",
    ),
    "label": (
        "Write a first label map of a picture, to be corrected in a paint program.",
        "IMAGE -o LABELS [OPTIONS]",
        "Example: analogon label photo.jpg -o labels.png --classes 8",
    ),
    "layout": (
        "Change a label map object by object: move, copy, delete, paint.",
        "LABELS [OPERATIONS] -o TARGET",
        "Example: analogon layout labels.png --move tree:+40,0 --delete boat -o target.png",
    ),
    "studio": (
        "Edit a picture on a page in the browser.",
        "[OPTIONS]",
        "Example: analogon studio --data projects",
    ),
    "serve": (
        "Serve renders and fits to programs over HTTP, as jobs.",
        "[OPTIONS]",
        "Example: analogon serve --data service --port 8770",
    ),
    "score": (
        "Give results figures: how well they match the layout and the source.",
        "(IMAGE LABELS | FOLDER) TARGET RESULT... [OPTIONS], or FOLDER RESULTS_FOLDER [OPTIONS]",
        "Example: analogon score photo.jpg labels.png moved.png out/moved.png other/moved.png",
    ),
    "evaluate": (
        "Give a trained model figures, on pictures that it did not learn.",
        "MODEL --data ROOT -o DIR [OPTIONS]",
        "Example: analogon evaluate model --data camvid -o figures --weights inception=inception.safetensors",
    ),
    "compare": (
        "Compare methods on one picture, with figures and a report.",
        "(IMAGE LABELS TARGET... | FOLDER) --methods A,B -o DIR [OPTIONS]",
        "Example: analogon compare photo.jpg labels.png moved.png --methods patch,semia:fast -o out",
    ),
    "bench": (
        "Compare methods on a folder of cases, with averages.",
        "FOLDER --methods A,B -o DIR [OPTIONS]",
        "Example: analogon bench cases --methods patch,semia:fast -o out",
    ),
    "augment": (
        "Make a labelled dataset of a few annotated pictures, to train networks with.",
        "SOURCE... -n NUMBER -o DIR [OPTIONS]",
        "Example: analogon augment annotated -n 200 -o dataset --format coco,png",
    ),
    "methods": (
        "List the methods, or the recipes and settings of one.",
        "[NAME]",
        "Example: analogon methods semia",
    ),
}

#: Verbs that have verbs of their own: what they are for, and the same three texts for each of these.
_GROUPS = {
    "dataset": (
        "Look at a data set that is to be learnt, or make a synthetic one.",
        {
            "show": (
                "Read a data set once, say what it holds, and name the first file that is wrong.",
                "ROOT [OPTIONS]",
                "Example: analogon dataset show cityscapes",
            ),
            "scenes": (
                "Write small synthetic scenes of which everything is known.",
                "-o ROOT [OPTIONS]",
                "Example: analogon dataset scenes -n 200 --val 40 -o scenes",
            ),
        },
    ),
    "study": (
        "Let people rank the pictures of a comparison.",
        {
            "make": (
                "Make a study of a comparison: choose questions, copy pictures under names that tell nothing.",
                "REPORT -o STUDY [OPTIONS]",
                "Example: analogon study make report -o study --questions 10 --checks 2",
            ),
            "serve": (
                "Show a study to browsers and collect answers, until Ctrl-C.",
                "STUDY [OPTIONS]",
                "Example: analogon study serve study --port 8000",
            ),
            "results": (
                "Write the answers collected so far as tables, and a page that analyses them.",
                "STUDY [-o DIR]",
                "Example: analogon study results study",
            ),
        },
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (by default the process's own) and return its exit code.

    0 where all went well, 2 after a mistake of the user (one sentence on stderr), 130 after Ctrl-C.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        _refuse_empty(arguments)
        code = _app(arguments)(arguments)
        sys.stdout.flush()
    except CycloptsError as error:
        return _fail(_usage(error))
    except AnalogonError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        sys.stderr.write("analogon: stopped\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has gone; a second failure at the interpreter's exit would print a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return code if isinstance(code, int) else 0


def _app(arguments: Sequence[str]) -> App:
    app = App(
        name="analogon",
        help="Edit a picture by editing its label map.",
        help_epilogue="Example: analogon make photo.jpg labels.png moved.png -o out",
        help_format="plaintext",
        version=__version__,
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        config=_refuse_fractions,
    )
    for place, (verb, (summary, usage, example)) in enumerate(_VERBS.items()):
        app.command(
            f"analogon.cli.{verb}:{verb}",
            name=verb,
            help=summary,
            usage=f"Usage: analogon {verb} {usage}",
            help_epilogue=example,
            sort_key=place,
        )
    if arguments and arguments[0] in _VERBS:
        return app  # what follows takes a while
    for group, (summary, verbs) in _GROUPS.items():
        example = f"Example: analogon {group} {next(iter(verbs))} --help"
        inner = App(name=group, help=summary, help_epilogue=example, sort_key=len(_VERBS))
        app.command(inner)
        for place, (verb, (purpose, usage, example)) in enumerate(verbs.items()):
            inner.command(
                f"analogon.cli.{group}:{verb}",
                name=verb,
                help=purpose,
                usage=f"Usage: analogon {group} {verb} {usage}",
                help_epilogue=example,
                sort_key=place,
            )
    if not arguments or arguments[0] not in _GROUPS:
        app.register_install_completion_command(help="Install completion for bash, zsh or fish, and exit.")
    return app


def _refuse_empty(arguments: Sequence[str]) -> None:
    """A shell variable that is not set leaves an empty argument, and an empty path would be the current folder."""
    for before, argument in zip(["", *arguments], arguments, strict=False):
        if not argument.strip():
            raise OptionError(f"{before if before.startswith('-') else 'An argument'} is empty: fill it in.")
        if argument.startswith("-") and argument.endswith("="):
            raise OptionError(f"{argument[:-1]} is empty: fill it in.")


def _refuse_fractions(_app: App, _commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """A number that should be whole would be rounded, and 1.5 pictures are a mistake."""
    for argument in arguments:
        fraction = next((token for token in argument.tokens if _is_fraction(token.value)), None)
        if fraction is not None and _whole(argument.hint):
            raise CoercionError(token=fraction, argument=argument, target_type=int)


def _is_fraction(text: str) -> bool:
    try:
        return "." in text and not float(text).is_integer()
    except ValueError:
        return False


def _whole(hint: object) -> bool:
    """Whether an option of this type takes whole numbers alone: int, or a union or tuple of it."""
    parts = [part for part in get_args(hint) if part is not NoneType]
    return hint is int or (bool(parts) and all(map(_whole, parts)))


def _usage(error: CycloptsError) -> str:
    """What is wrong with a command line, in one sentence."""
    command = " ".join(["analogon", *(error.command_chain or ())])
    see = f"see {command} --help."
    match error:
        case UnknownCommandError(unused_tokens=[wrong, *_]):
            if wrong.startswith("-"):
                return f"'{wrong}' is no option of {command}: {see}"
            chain = error.command_chain or ()
            known = list(_GROUPS[chain[0]][1]) if chain else [*_VERBS, *_GROUPS]
            commands = f"use one of {', '.join(known)}."
            return f"'{wrong}' is no command{f' of {command}' * bool(chain)}: {_meant(wrong, known) or commands}"
        case UnknownOptionError(token=token, argument_collection=arguments):
            wrong = token.keyword or token.value
            known = [name for argument in arguments for name in argument.names if name.startswith("-")]
            return f"'{wrong}' is no option of {command}: {_meant(wrong, known) or see}"
        case UnusedCliTokensError(unused_tokens=[wrong, *_]):
            return f"'{wrong}' is one argument too many for {command}: leave it out, or {see}"
        case MissingArgumentError(argument=Argument() as argument, keyword=keyword):
            given = keyword or next((token.keyword for token in argument.tokens if token.keyword), None)
            return f"{given} needs a value: {see}" if given else f"{argument.name} is missing: {see}"
        case RepeatArgumentError(token=token):
            return f"{token.keyword} is given twice: leave one out."
        case CoercionError(token=Token() as token, target_type=kind):
            name = token.keyword or (error.argument.name if error.argument else "An argument")
            return f"{name} cannot be '{token.value}': give it {_KINDS.get(kind, 'another value')}, or {see}"
    words = " ".join(str(error).split()).rstrip(".?!").replace(". ", ", ")
    return f"{words}: {see}"


#: What options take, in words.
_KINDS: dict[type | None, str] = {int: "a whole number", float: "a number", bool: "no value"}


def _meant(wrong: str, known: list[str]) -> str:
    close = get_close_matches(wrong, known, n=1)
    return f"did you mean {close[0]}?" if close else ""


def _fail(message: str) -> int:
    sys.stderr.write(f"analogon: error: {message}\n")
    return USAGE_ERROR

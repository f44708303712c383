"""The command `analogon`: one module per verb, imported when the verb is used."""

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from analogon._version import __version__
from analogon.errors import AnalogonError

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
        "(IMAGE LABELS | FOLDER) -o MODEL [OPTIONS]",
        "Example: analogon fit photo.jpg labels.png -o model --minutes 10",
    ),
    "render": (
        "Render new label maps with a fitted model.",
        "MODEL TARGET... -o DIR [OPTIONS]",
        "Example: analogon render model moved.png bigger.png -o out",
    ),
    "label": (
        "Write a first label map of a picture, to be corrected in a paint program.",
        "IMAGE -o LABELS [OPTIONS]",
        "Example: analogon label photo.jpg -o labels.png --classes 8",
    ),
    "methods": (
        "List the methods, or the recipes and settings of one.",
        "[NAME]",
        "Example: analogon methods semia",
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (by default the process's own) and return its exit code.

    0 where all went well, 2 after a mistake of the user (one sentence on stderr), 130 after Ctrl-C.
    """
    try:
        code = _app()(list(argv) if argv is not None else None)
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


def _app() -> App:
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
    app.register_install_completion_command(help="Install completion for bash, zsh or fish, and exit.")
    return app


def _usage(error: CycloptsError) -> str:
    """What cyclopts says about a command line, on one line, with the help to read."""
    message = " ".join(str(error).split())
    if "Did you mean" in message:
        return message
    chain = " ".join(["analogon", *(error.command_chain or ())])
    return f"{message.rstrip('.')}; see {chain} --help."


def _fail(message: str) -> int:
    sys.stderr.write(f"analogon: error: {message}\n")
    return USAGE_ERROR

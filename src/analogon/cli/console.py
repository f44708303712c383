"""What the command says on stdout."""

import sys


def say(text: str) -> None:
    """Write one line on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

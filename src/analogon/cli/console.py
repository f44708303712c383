"""What the command says on stdout."""

import sys


def say(text: str) -> None:
    """Write one line on stdout, with ? for what it cannot show: arrows in old encodings, names of strange bytes."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    sys.stdout.flush()

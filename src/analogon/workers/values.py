"""What work is handed to workers, and what comes back."""

from __future__ import annotations

import math
import socket
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import Any, Protocol

from analogon.errors import AnalogonError

#: How often an item is tried again whose worker was lost.
RETRIES = 3
#: Letters of an exception's own message that are passed on.
_LONGEST = 200

#: Called as ``function(shared, item)``; of the top level of a module, for other processes look it up there.
Function = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Outcome:
    """What came of one item.

    Attributes:
        value: what the function returned; None where it failed.
        error: one sentence, where it failed.
        trace: where in the program it failed; nothing for an error that is meant for people, and for a lost worker.
        place: name of the machine that did it; nothing where nobody could.
    """

    value: Any = None
    error: str | None = None
    trace: str = ""
    place: str = ""


class Workers(Protocol):
    """Who does many independent things."""

    def each(
        self,
        function: Function,
        items: Iterable[Any],
        *,
        shared: Any = None,
        gpus: float = 0.0,
        ahead: int | None = None,
    ) -> Iterator[tuple[int, Outcome]]:
        """Call ``function(shared, item)`` for each item; (number of the item, outcome) as they finish.

        Items are taken as they are needed, so that there may be any number of them; what is no longer wanted when the
        iterator is closed is stopped. An item whose worker is lost is done again, a few times. What the function raises
        is an outcome, and so is a value that cannot be sent; Ctrl-C ends all.

        Args:
            function: of the top level of a module.
            items, shared: values that can be pickled, best bytes and what JSON has; ``shared`` is sent once.
            gpus: share of a GPU that one item takes, on a cluster; processes of this machine share what there is.
            ahead: how far an item may be ahead of the first that is not done, or twice as many as are done at once if
                that is more: no more outcomes than that are held by one who wants them in the order of items.
        """
        ...


def attempt(function: Function, shared: Any, item: Any, *, heard: bool = False) -> Outcome:
    """Do one item, here; ``heard`` tells that Ctrl-C reaches this process, and is to end it all."""
    place = socket.gethostname()
    try:
        return Outcome(function(shared, item), place=place)
    except AnalogonError as error:
        return Outcome(error=str(error), place=place)
    except KeyboardInterrupt as error:
        if heard:
            raise
        return failed(error, place)
    except BaseException as error:  # also SystemExit: it is the item's, and ends no worker
        return failed(error, place)


def packed(function: Function, shared: Any, item: Any) -> bytes:
    """Do one item in a process of its own, and pack the outcome for another process."""
    outcome = attempt(function, shared, item)
    try:
        return bytes(ForkingPickler.dumps(outcome))
    except Exception as error:
        return bytes(ForkingPickler.dumps(failed(error, outcome.place)))


def unpacked(content: bytes) -> Outcome:
    """What :func:`packed` packed."""
    try:
        outcome: Outcome = ForkingPickler.loads(content)
    except Exception as error:
        return failed(error)
    return outcome


def failed(error: BaseException, place: str = "") -> Outcome:
    """The outcome of an item that ended with an exception which is not meant for people."""
    try:
        said = " ".join(str(error).split()).rstrip(".:")[:_LONGEST]
    except Exception:  # what it says is a mistake as well
        said = ""
    if not isinstance(error, Exception):
        said = f"{type(error).__name__} {said}".strip()
    trace = "".join(traceback.format_exception(error))
    message = f"It failed ({said or 'no reason is given'}): this is a mistake in the program."
    return Outcome(error=message, trace=trace, place=place)


def furthest(ahead: int | None, at_once: int, unfinished: Iterable[int]) -> float:
    """The first number of an item that must wait; see ``ahead`` of :meth:`Workers.each`."""
    oldest = min(unfinished, default=None)
    return math.inf if ahead is None or oldest is None else oldest + max(ahead, 2 * at_once)


def lost(times: int) -> Outcome:
    """The outcome of an item whose worker was lost every time."""
    return Outcome(
        error=f"The process that did it ended without a word {times} times, most likely for lack of memory: make "
        "the picture smaller, or use fewer workers at once."
    )

"""What work is handed to workers, and what comes back."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
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
        self, function: Function, items: Iterable[Any], *, shared: Any = None, gpus: float = 0.0
    ) -> Iterator[tuple[int, Outcome]]:
        """Call ``function(shared, item)`` for each item; (number of the item, outcome) as they finish.

        Items are taken as they are needed, so that there may be any number of them; what is no longer wanted when the
        iterator is closed is stopped. An item whose worker is lost is done again, a few times. What the function raises
        is an outcome.

        Args:
            function: of the top level of a module.
            items, shared: values that can be pickled, best bytes and what JSON has; ``shared`` is sent once.
            gpus: share of a GPU that one item takes, on a cluster; processes of this machine share what there is.
        """
        ...


def attempt(function: Function, shared: Any, item: Any) -> Outcome:
    """Do one item, here."""
    place = socket.gethostname()
    try:
        return Outcome(function(shared, item), place=place)
    except AnalogonError as error:
        return Outcome(error=str(error), place=place)
    except Exception as error:
        said = " ".join(str(error).split()).rstrip(".:")[:_LONGEST] or "no reason is given"
        trace = "".join(traceback.format_exception(error))
        return Outcome(error=f"It failed ({said}): this is a mistake in the program.", trace=trace, place=place)


def lost(times: int) -> Outcome:
    """The outcome of an item whose worker was lost every time."""
    return Outcome(
        error=f"The process that did it ended without a word {times} times, most likely for lack of memory: make "
        "the picture smaller, or use fewer workers at once."
    )

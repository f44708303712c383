"""What routes have in common: who asks, which key a request has, and what is said of refusals in the OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from analogon.service.messages import ErrorMessage

_REFUSALS = {
    400: "The request cannot be understood.",
    401: "There is no token, or an unknown one.",
    403: "A page of another site asks.",
    404: "There is no such thing.",
    409: "It does not fit what is there: the job has not ended, or the key belongs to another request.",
    411: "A body without its length.",
    413: "The body is too large.",
    422: "Something in the request cannot be used.",
    429: "The queue is full, or too many wait: try again in a while.",
    503: "The database, the place for files or the workers cannot be reached at the moment.",
    507: "There is no room for it: what you may store is taken, or the disk of the server is full; or the "
    "place for files refuses the server.",
}
MOST_LISTED = 1000

Row = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="Its id.")]
After = Annotated[int, Query(ge=0, le=2**62, description="``next`` of the list before.")]
Most = Annotated[int, Query(ge=1, le=MOST_LISTED, description="How many at most.")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern="^[!-~]+$",
        max_length=128,
        description="Any text of your own: sent again with it, a request is answered as the first time.",
    ),
]


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer besides success; some come from any."""
    return {
        status: {"model": ErrorMessage, "description": _REFUSALS[status]}
        for status in sorted({400, 401, 403, 422, 503, 507, *statuses})
    }


def _owner(
    request: Request,
    _token: Annotated[
        HTTPAuthorizationCredentials | None,
        Security(HTTPBearer(auto_error=False, description="Where the server has tokens.")),
    ],
) -> str:
    owner: str = request.state.owner  # the gate knows it
    return owner


Owner = Annotated[str, Depends(_owner)]
REPLAYED = {
    "Idempotent-Replayed": {
        "description": "true where an earlier request of the same key has made this.",
        "schema": {"type": "string"},
    }
}


def replayed(new: bool) -> dict[str, str]:
    """The header that says that nothing was made anew."""
    return {} if new else {"Idempotent-Replayed": "true"}

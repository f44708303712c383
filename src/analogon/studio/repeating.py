"""A change whose answer was lost is asked for again by the page: it is answered then, and not made twice."""

from __future__ import annotations

from typing import Any

from starlette.requests import HTTPConnection

from analogon.studio.projects import Projects, state_of
from analogon.studio.store import REQUEST_KEY

HEADER = "Idempotency-Key"
LONGEST = 64


async def keyed(connection: HTTPConnection) -> None:
    """Write down the key of a request with the changes that it makes."""
    REQUEST_KEY.set(_key(connection))


def made_before(projects: Projects, connection: HTTPConnection) -> dict[str, Any] | None:
    """What a request that came too late is told if it has made its change before: the project now, as JSON values."""
    key, identity = _key(connection), connection.path_params.get("identity")
    if key is None or identity is None or not projects.store.made(identity, key):
        return None
    moment = projects.get(identity).moment()
    return {
        **state_of(moment),
        "changed": {"box": [0, 0, *moment.layout.shape]},
        "dropped": 0,
        "classes": moment.base.palette.to_json(),
    }


def _key(connection: HTTPConnection) -> str | None:
    given = connection.headers.get(HEADER, "")
    return given if 0 < len(given) <= LONGEST else None

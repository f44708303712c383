"""Workers of a Ray cluster: each item is a task of one processor, and perhaps of a share of a GPU.

Ray does what a scheduler does: which node has room, what becomes of the tasks of a node that is lost. Only as many
tasks as keep the cluster busy are handed to it at a time: neither items nor results pile up in its object store.
"""

from __future__ import annotations

import logging
import math
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from analogon._version import __version__
from analogon.errors import OptionError
from analogon.workers.values import RETRIES, Function, Outcome, furthest, lost, packed, unpacked

#: Seconds for a connection to a port, for Ray behind it to answer, and between looks at how large the cluster is.
_PORT_SECONDS, _RAY_SECONDS, _LOOK_SECONDS = 3.0, 15.0, 5.0
#: Tasks that wait, for each that runs: a node that is done has the next one at once.
_WAITING = 1

#: Ray sends figures of its use to its makers, and its log to the terminal, unless it is told not to.
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
_SETTINGS: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
#: Ray waits for ever for a port that takes connections and says nothing, and cannot be interrupted: so a process that
#: can be killed goes first.
_PROBE = "import ray, sys; ray.init(address=sys.argv[1], log_to_driver=False, logging_level='CRITICAL')"


@contextmanager
def connected(address: str, most: int | None = None, gpus: float = 0.0) -> Iterator[Cluster]:
    """The cluster at an address, "auto" for the one that this machine belongs to; ``most``: tasks at once.

    Raises:
        OptionError: Ray is not installed, the cluster cannot be reached, or has no room for a task that takes ``gpus``.
    """
    if address != "auto":
        _check_port(address)
    os.environ.update(_QUIET)
    try:
        import ray
    except ModuleNotFoundError as error:
        raise OptionError("--cluster needs Ray, which is not installed: pip install 'analogon[ray]'.") from error
    ours = not ray.is_initialized()
    if ours:
        _probe(address)
        # Otherwise what nodes say of lost processes goes to standard output, whatever the level of the log.
        ray._private.worker._worker_logs_enabled = False
        ray.init(address=address, **_SETTINGS)
    try:
        cluster = Cluster(ray, most)
        cluster.check(gpus)
        yield cluster
    finally:
        if ours:
            ray.shutdown()


class Cluster:
    """A Ray cluster that this process is connected to."""

    def __init__(self, ray: Any, most: int | None) -> None:
        self._ray, self._most = ray, most
        self._room, self._looked = 1, -math.inf

    def each(
        self,
        function: Function,
        items: Iterable[Any],
        *,
        shared: Any = None,
        gpus: float = 0.0,
        ahead: int | None = None,
    ) -> Iterator[tuple[int, Outcome]]:
        """See :class:`~analogon.workers.values.Workers`."""
        ray = self._ray
        self.check(gpus)
        task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=RETRIES)(_do)
        held = ray.put((__version__, function, shared))
        coming, running, taken = enumerate(items), dict[Any, int](), 0

        def hand_out() -> None:
            nonlocal taken
            while (
                len(running) < self._at_once()
                and taken < furthest(ahead, self._at_once(), running.values())
                and (given := next(coming, None)) is not None
            ):
                number, item = given
                taken += 1
                # In a list it stays a reference: each process fetches it once, not for each item.
                running[task.remote([held], item)] = number

        try:
            hand_out()
            while running:
                done, _ = ray.wait(list(running))
                number = running.pop(done[0])
                outcome = self._outcome(done[0])
                hand_out()  # before the caller sees to this one
                yield number, outcome
        finally:
            for reference in running:
                with suppress(Exception):
                    ray.cancel(reference, force=True)

    def _outcome(self, reference: Any) -> Outcome:
        errors = self._ray.exceptions
        try:
            content: bytes = self._ray.get(reference)
        except errors.RayTaskError as error:
            why = _plain((str(error).strip().splitlines() or ["no reason is given"])[-1])
            raise OptionError(
                f"A node of the cluster cannot do the work ({why}): install analogon {__version__} on every node."
            ) from error
        except errors.RayError:
            return lost(RETRIES + 1)
        return unpacked(content)

    def _at_once(self) -> int:
        """Tasks that are handed out and not back; a cluster grows and shrinks."""
        if self._most is not None:
            return self._most
        now = time.monotonic()
        if now - self._looked > _LOOK_SECONDS:
            self._looked = now
            self._room = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        return self._room * (1 + _WAITING)

    def check(self, gpus: float) -> None:
        """Refuse what the cluster has no room for, as it is now.

        Raises:
            OptionError: it has no processor, or fewer GPUs than one task takes.
        """
        there = self._ray.cluster_resources()
        if there.get("CPU", 0) < 1:
            raise OptionError("The cluster has no processor to work on: start a node with ray start first.")
        if there.get("GPU", 0) < gpus:
            raise OptionError(
                f"--gpus asks for {gpus:g} and the cluster has {there.get('GPU', 0):g}: ask for less, or start a node "
                "that has them."
            )


#: What the process of a node has fetched last, by its reference.
_held: tuple[str, tuple[str, Function, Any]] | None = None


def _do(held: list[Any], item: Any) -> bytes:
    """One item, on a node."""
    global _held
    if _held is None or _held[0] != held[0].hex():
        import ray

        _held = held[0].hex(), ray.get(held[0])
    version, function, shared = _held[1]
    if version != __version__:
        raise RuntimeError(f"{socket.gethostname()} has analogon {__version__}")
    return packed(function, shared, item)


def _check_port(address: str) -> None:
    """Refuse an address where nothing answers: Ray itself would try for a long time."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536 or "/" in host:
        raise OptionError(
            f"--cluster '{address}' is no address: write auto, or HOST:PORT of the cluster's head (the port is 6379 if "
            "ray start was given no other), on a machine of the cluster."
        )
    try:
        with closing(socket.create_connection((host.strip("[]"), int(port)), _PORT_SECONDS)):
            return
    except OSError as error:
        raise OptionError(
            f"There is no Ray cluster at '{address}' ({error.strerror or error}): see there whether ray status shows "
            "one, or leave out --cluster."
        ) from error


def _probe(address: str) -> None:
    """Connect to the cluster from a process that can be killed."""
    where = "this machine belongs to" if address == "auto" else f"answers at '{address}'"
    command = [sys.executable, "-P", "-c", _PROBE, address]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_RAY_SECONDS, check=False
        )  # fmt: skip
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() if done.returncode else None
    except subprocess.TimeoutExpired:
        said = ["it says nothing"]
    if said is not None:
        reason = _plain((said or ["it says nothing"])[-1])
        raise OptionError(
            f"There is no Ray cluster that {where} ({reason}): start one with ray start --head, or leave out --cluster."
        )


def _plain(text: str) -> str:
    """The first sentence of what an exception says, without its class."""
    return re.sub(r"^[\w.]+: ", "", text.strip()).partition(". ")[0].rstrip(".")

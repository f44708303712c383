"""Figures of a server in the text format of Prometheus."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from analogon._version import __version__
from analogon.service.tables import KINDS, STATES

TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""Seconds: of requests and of jobs."""


class Histogram:
    """How long things took, by labels."""

    def __init__(self) -> None:
        self._found: dict[tuple[tuple[str, str], ...], list[float]] = {}
        self._lock = threading.Lock()

    def add(self, seconds: float, **labels: str) -> None:
        """One more."""
        key = tuple(labels.items())
        with self._lock:
            row = self._found.setdefault(key, [0.0] * (len(_BOUNDS) + 2))
            row[bisect_left(_BOUNDS, seconds)] += 1
            row[-1] += seconds

    def lines(self, name: str, what: str) -> Iterable[str]:
        """In the format."""
        yield from _head(name, "histogram", what)
        with self._lock:
            rows = {key: list(row) for key, row in self._found.items()}
        for key, row in sorted(rows.items()):
            labels, total = dict(key), 0.0
            for bound, count in zip([*map(str, _BOUNDS), "+Inf"], row, strict=False):
                total += count
                yield _line(f"{name}_bucket", {**labels, "le": bound}, total)
            yield _line(f"{name}_sum", labels, row[-1])
            yield _line(f"{name}_count", labels, total)


class Counts:
    """What a server counts."""

    def __init__(self) -> None:
        self.jobs, self._requests, self._began = Histogram(), Histogram(), time.time()
        self._answers: Counter[tuple[str, str, str]] = Counter()
        self._lock = threading.Lock()

    def request(self, scope: Mapping[str, Any], status: int, seconds: float) -> None:
        """An answer; addresses are told by their route, so that there are few."""
        path = getattr(scope.get("route"), "path", "")
        method = scope["method"] if scope["method"] in ("GET", "POST", "DELETE", "HEAD", "PUT", "PATCH") else "other"
        with self._lock:
            self._answers[method, path, str(status)] += 1
        if not path.endswith("/events"):  # which last as long as what they tell of
            self._requests.add(seconds, method=method)

    def text(self, jobs: Mapping[tuple[str, str], int], watching: int, stored: int) -> str:
        """All figures.

        Args:
            jobs: in the database, by kind and state.
            watching: how many wait for events.
            stored: bytes of projects and jobs.
        """
        with self._lock:
            answers = sorted(self._answers.items())
        lines = [
            *_head("analogon_info", "gauge", "The version of the package."),
            _line("analogon_info", {"version": __version__}, 1),
            *_head("analogon_jobs", "gauge", "Jobs in the database."),
            *(_line("analogon_jobs", {"kind": k, "state": s}, jobs.get((k, s), 0)) for k in KINDS for s in STATES),
            *_head("analogon_stored_bytes", "gauge", "Projects and jobs of all owners."),
            _line("analogon_stored_bytes", {}, stored),
            *self.jobs.lines("analogon_job_seconds", "Time from taking a job to its end."),
            *_head("analogon_http_requests_total", "counter", "Requests that were answered."),
            *(
                _line("analogon_http_requests_total", {"method": method, "route": path, "status": status}, count)
                for (method, path, status), count in answers
            ),
            *self._requests.lines("analogon_http_request_seconds", "Time from a request to its answer's end."),
            *_head("analogon_watching", "gauge", "Streams of events that are open."),
            _line("analogon_watching", {}, watching),
            *_head("process_start_time_seconds", "gauge", "When the server began (seconds since 1970)."),
            _line("process_start_time_seconds", {}, self._began),
        ]
        if (memory := _resident()) is not None:
            lines += [
                *_head("process_resident_memory_bytes", "gauge", "Memory of the server."),
                _line("process_resident_memory_bytes", {}, memory),
            ]
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str, what: str) -> tuple[str, str]:
    return f"# HELP {name} {what}", f"# TYPE {name} {kind}"


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    inner = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{name}{{{inner}}} {value:.17g}" if inner else f"{name} {value:.17g}"


def _resident() -> float | None:
    """Bytes; None where the system does not say so."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    return next((1024.0 * int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), None)

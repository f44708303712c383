"""The tasks by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from generated import grains
from pictures import Task, membranes, street

TASKS: dict[str, Callable[[Path], Task]] = {"em": membranes, "camvid": street, "grains": lambda _: grains()}

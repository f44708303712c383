"""One file that holds a training state: tensors and a JSON note, replaced as a whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from analogon.errors import ModelError
from analogon.io import replacing

FILE = "checkpoint.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """State after ``step`` steps of a run whose identity (configuration, seed, inputs) is ``identity``."""

    step: int
    steps: int
    identity: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    def write(self, folder: Path) -> None:
        """Replace the folder's checkpoint; a crash at any moment leaves the old one or the new one."""
        from safetensors.torch import save

        note = json.dumps({"step": self.step, "steps": self.steps, "identity": self.identity})
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / FILE) as file:
            file.write(save(dict(self.tensors), {"checkpoint": note}))

    @staticmethod
    def read(folder: Path, identity: Mapping[str, Any]) -> Checkpoint | None:
        """The folder's checkpoint; None if it has none.

        Raises:
            ModelError: the file is damaged, or belongs to another run.
        """
        from safetensors import SafetensorError, safe_open

        path = folder / FILE
        if not path.exists():
            return None
        try:
            with safe_open(str(path), "pt") as stored:
                note = json.loads(stored.metadata()["checkpoint"])
                tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118 (not a mapping)
            step, steps, theirs = int(note["step"]), int(note["steps"]), dict(note["identity"])
        except (SafetensorError, KeyError, TypeError, ValueError, OSError) as problem:
            raise ModelError(
                f"Checkpoint '{path}' is damaged ({problem}); leave out --resume to start anew."
            ) from problem
        ours = json.loads(json.dumps(identity))
        changed = [k for k in ours if theirs.get(k) != ours[k]]
        if changed:
            raise ModelError(
                f"Checkpoint '{path}' belongs to a run with another {_and(changed)}; resume with the same, "
                "or leave out --resume to start anew."
            )
        return Checkpoint(step, steps, theirs, tensors)

    @staticmethod
    def remove(folder: Path) -> None:
        """Delete the folder's checkpoint, if any."""
        (folder / FILE).unlink(missing_ok=True)


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

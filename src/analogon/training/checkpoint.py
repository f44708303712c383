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
from analogon.run import CHECKPOINT as FILE


@dataclass(frozen=True)
class Checkpoint:
    """State after ``step`` steps of a run whose identity (configuration, seed, inputs) is ``identity``.

    ``share`` of its budget was spent by then, and so many ``seconds``, those of earlier sittings included.
    """

    step: int
    share: float
    seconds: float
    identity: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    def write(self, folder: Path) -> None:
        """Replace the folder's checkpoint; a crash at any moment leaves the old one or the new one.

        Raises:
            ModelError, InputError: the folder or the disk does not take it.
        """
        from safetensors.torch import save

        note = json.dumps({"step": self.step, "share": self.share, "seconds": self.seconds, "identity": self.identity})
        make_folder(folder)
        with replacing(folder / FILE) as file:
            file.write(save(dict(self.tensors), {"checkpoint": note}))

    @staticmethod
    def read(folder: Path, identity: Mapping[str, Any]) -> Checkpoint:
        """The folder's checkpoint.

        Raises:
            ModelError: there is none, it is damaged, or it belongs to another run.
        """
        from safetensors import SafetensorError, safe_open

        path = folder / FILE
        if not path.exists():
            raise ModelError(f"There is nothing to resume in '{folder}': leave out --resume to start anew.")
        try:
            with safe_open(str(path), "pt") as stored:
                note = json.loads(stored.metadata()["checkpoint"])
                tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118 (not a mapping)
            step, share, seconds = int(note["step"]), float(note["share"]), float(note["seconds"])
            theirs = dict(note["identity"])
        except (SafetensorError, KeyError, TypeError, ValueError, OSError) as problem:
            raise ModelError(f"Checkpoint '{path}' is damaged: leave out --resume to start anew.") from problem
        ours = json.loads(json.dumps(identity))
        changed = [k for k in ours if theirs.get(k) != ours[k]]
        if changed:
            raise ModelError(
                f"Checkpoint '{path}' belongs to a run with another {_and(changed)}; resume with the same, "
                "or leave out --resume to start anew."
            )
        return Checkpoint(step, share, seconds, theirs, tensors)


def make_folder(folder: Path) -> None:
    """Make the folder of a run, where there is none.

    Raises:
        ModelError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ModelError(
            f"Model folder '{folder}' cannot be made ({problem.strerror or problem}): choose another with -o."
        ) from problem


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

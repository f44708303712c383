"""Which jobs a comparison consists of, and all that each picture depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from analogon._version import __version__
from analogon.comparing.cases import RESULTS, Given, Names
from analogon.comparing.contenders import arguments, configuration
from analogon.comparing.jobs import Job, Piece
from analogon.errors import InputError
from analogon.io.opening import SUFFIXES
from analogon.report.files import plain
from analogon.report.values import Case, Contender

#: In the folder of pictures made elsewhere, this stands for the name of the case.
CASE = "{case}"

#: By case and target, files of pictures made elsewhere.
Found = Mapping[str, Mapping[str, Path]]


def find_pictures(label: str, folder: str, given: Sequence[Given]) -> Found:
    """Pictures made elsewhere: ``folder/<case>/<target>.*``, or ``folder/<target>.*`` where there is no such folder.

    Args:
        label: of the contender.
        folder: where ``{case}`` is in it, the name of the case takes its place.
        given: the cases.

    Raises:
        InputError: there is no such folder, or no picture of any target in it.
    """
    found: dict[str, dict[str, Path]] = {}
    for one in given:
        if CASE in folder:
            place = Path(folder.replace(CASE, one.name))
        else:
            place = Path(folder) / one.name if (Path(folder) / one.name).is_dir() else Path(folder)
        here = {
            path.stem: path for path in sorted(place.glob("*")) if path.suffix.lower() in SUFFIXES and path.is_file()
        }
        found[one.name] = {target: here[target] for target in one.targets if target in here}
    if CASE not in folder and not Path(folder).is_dir():
        raise InputError(f"There is no folder '{folder}' with the pictures of '{label}': name one that holds them.")
    if not any(found.values()):
        raise InputError(
            f"'{folder}' holds no picture of '{label}' for any target: name them <target>.png, in a folder for each "
            "case where there are several."
        )
    return found


def plan(
    given: Sequence[Given],
    cases: Sequence[Case],
    entered: Sequence[Contender],
    output: Path,
    *,
    seeds: Sequence[int],
    device: str,
    scoring: Mapping[str, Any],
    found: Mapping[str, Found],
) -> Iterator[Job]:
    """A job for each case, contender and seed, in that order; what takes no seed has one, the first.

    Args:
        found: by label, pictures made elsewhere; targets without one have no part in a job.
    """
    names = Names()
    files = {
        (one.label, seed): names.name(one.label + (f".seed{seed}" if seed else "")) for one in entered for seed in seeds
    }
    for case, one in zip(cases, given, strict=True):
        truths = {target: hashlib.sha256(truth.tobytes()).hexdigest() for target, truth in one.truths.items()}
        for contender in entered:
            elsewhere = found.get(contender.label)
            pictures = None if elsewhere is None else elsewhere[one.name]
            for seed in seeds if contender.method is not None else seeds[:1]:
                pieces = []
                for target, layout in one.targets.items():
                    if pictures is not None and target not in pictures:
                        continue
                    asked = {
                        "analogon": __version__,
                        "exemplar": one.exemplar.digest(),
                        "target": layout.digest(),
                        **_asked(contender, seed, device, None if pictures is None else pictures[target]),
                    }
                    folder = RESULTS / case.image.parent.name / case.targets[target].stem
                    given_picture = None if pictures is None else pictures[target].absolute()
                    pieces.append(Piece(target, folder / files[contender.label, seed], plain(asked), given_picture))
                if pieces:
                    yield Job(output, case, contender, seed, device, tuple(pieces), {**scoring, "truths": truths})


def _asked(contender: Contender, seed: int, device: str, picture: Path | None) -> dict[str, Any]:
    """What a contender's picture depends on."""
    if contender.method is None:
        return {"picture": "source" if picture is None else hashlib.sha256(picture.read_bytes()).hexdigest()}
    given, _ = arguments(contender)
    return {
        "method": contender.method,
        "configuration": configuration(contender),
        "arguments": given,
        "seed": seed,
        "device": device,
    }

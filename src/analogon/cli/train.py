"""`analogon train`: learn a data set."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.options import Device, pairs, value
from analogon.cli.progress import ProgressDisplay


def train(
    method: Annotated[
        str, Parameter(metavar="METHOD", help="spade, or another that analogon methods says learns sets.")
    ],
    /,
    *,
    data: Annotated[Path, Parameter(metavar="ROOT", help="Folder of the data set: pictures with label maps.")],
    output: Annotated[Path, Parameter(name=("--output", "-o"), metavar="MODEL", help="Folder of the model.")],
    layout: Annotated[
        str, Parameter(metavar="NAME", help="How the folder is laid out; auto finds out which known set it looks like.")
    ] = "auto",
    recipe: Annotated[
        str | None, Parameter(metavar="NAME", help="A set of settings; analogon methods METHOD lists them.")
    ] = None,
    steps: Annotated[int | None, Parameter(help="Stop after this many training steps.")] = None,
    minutes: Annotated[float | None, Parameter(help="Time budget in minutes, preparation included.")] = None,
    seed: Annotated[int, Parameter(help="Same seed, same machine, same model.")] = 0,
    device: Device = "auto",
    settings: Annotated[
        list[str] | None,
        Parameter(
            name="--set",
            metavar="FIELD=VALUE",
            negative="",
            show_default=False,
            help="Change one setting of the method; analogon methods METHOD lists them. May be repeated.",
        ),
    ] = None,
    resume: Annotated[
        bool, Parameter(negative="", show_default=False, help="Go on with a training that was broken off.")
    ] = False,
) -> None:
    """Learn a data set; MODEL then renders any label map of its classes.

    Checkpoints, history and previews go into MODEL as well. Ctrl-C ends the training early and keeps the model so far.
    Several processes learn together when torchrun starts them: torchrun --nproc-per-node 2 --no-python analogon train …
    """
    import analogon
    from analogon.errors import OptionError

    options = {name: value(text) for name, text in pairs(settings or [], "--set", "FIELD=VALUE").items()}
    taken = {"method", "data", "layout", "recipe", "steps", "minutes", "seed", "device", "folder", "resume", "progress"}
    for name in taken & set(options):
        raise OptionError(f"{name!r} is no setting of a method: leave out --set {name}=….")
    with ProgressDisplay() as display:
        model = analogon.train(
            method,
            data,
            layout=layout,
            recipe=recipe,
            steps=steps,
            minutes=minutes,
            seed=seed,
            device=device,
            folder=output,
            resume=resume,
            progress=display,
            **options,
        )
    if not analogon.leads():
        return
    if model.stopped == "interrupted":
        say(f"Stopped early; the model so far is kept, and --resume goes on from here: {output}")
    else:
        say(f"Model: {output}")

"""`analogon methods`: what there is to choose from."""

import textwrap
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from analogon.cli.console import say

if TYPE_CHECKING:
    from analogon import MethodInfo

_WIDTH = 100
_OPTIONS = {
    "keep": "--keep",
    "tile": "--tile",
    "preview": "--preview",
    "guides": "--guide",
    "places": "--places",
    "mask": "--mask and --also",
}


def methods(
    name: Annotated[str | None, Parameter(help="A method, to see its recipes and settings.")] = None, /
) -> None:
    """List the methods, or the recipes and settings of one."""
    import analogon

    if name is None:
        for info in analogon.list_methods():
            _say_summary(info)
        say("Recipes and settings of one: analogon methods NAME")
        return
    info = analogon.describe_method(name)
    _say_summary(info)
    if info.many:
        say("  learns several pictures at once: analogon fit FOLDER FOLDER")
    if info.exports:
        say("  its models can be exported: analogon export")
    say("settings (--set FIELD=VALUE):")
    for entry in info.fields:
        values = [f"{recipe} {text}" for recipe, text in entry.values.items()]
        shown = ", ".join(values) if len(set(entry.values.values())) > 1 else entry.default
        say(f"  {entry.name}: {entry.type} = {shown}")
        say(textwrap.fill(entry.doc, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6))


def _say_summary(info: "MethodInfo") -> None:
    say(f"{info.name}: {info.summary}" + ("  (needs PyTorch)" if info.neural else ""))
    say(f"  recipes: {', '.join(info.recipes)}")
    if info.takes:
        say(f"  takes: {', '.join(option for wish, option in _OPTIONS.items() if wish in info.takes)}")
    if info.jobs:
        say(f"  jobs: {', '.join(_job(job, recipe, info.recipes[0]) for job, recipe in info.jobs.items())}")


def _job(job: str, recipe: str, usual: str) -> str:
    return job if recipe == usual else f"{job} (recipe {recipe})"

"""`analogon study make`, `serve` and `results`: people rank pictures."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.outputs import check_folder
from analogon.errors import OptionError

_Study = Annotated[Path, Parameter(name="STUDY", help="Folder that analogon study make has written.")]


def make(
    report: Annotated[Path, Parameter(help="Folder that analogon compare or analogon bench has written.")],
    /,
    *,
    output: Annotated[
        Path, Parameter(name=("--output", "-o"), metavar="STUDY", help="Folder of the study; it must not exist yet.")
    ],
    contenders: Annotated[
        str | None,
        Parameter(metavar="A,B,...", help="Labels of those that are ranked, 2 to 10; else all but the source itself."),
    ] = None,
    questions: Annotated[
        int | None,
        Parameter(help="How many targets are asked about; else 12, or as many as all contenders have pictures of."),
    ] = None,
    layout: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Ask a second time, by how well pictures follow the layout."),
    ] = False,
    show_layout: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Show the new layout also where similarity to the source is asked for.",
        ),
    ] = False,
    checks: Annotated[
        int, Parameter(metavar="NUMBER", help="In how many questions one picture more checks attention.")
    ] = 0,
    check: Annotated[
        Literal["spoilt", "source"],
        Parameter(
            help="What that picture is: a result heavily blurred and with noise, which belongs in the last place, or "
            "the source itself, which belongs in the first."
        ),
    ] = "spoilt",
    seed: Annotated[int, Parameter(help="Of the choice of questions and of all orders.")] = 0,
    title: Annotated[str | None, Parameter(metavar="TEXT", help="The headline of the first page.")] = None,
    introduction: Annotated[
        str | None, Parameter(metavar="TEXT", help="What participants read first; each line is a paragraph.")
    ] = None,
    consent: Annotated[
        str | None, Parameter(metavar="TEXT", help="What participants agree to; each line is a paragraph.")
    ] = None,
) -> None:
    """Make a study of a comparison: choose questions, copy pictures under names that tell nothing."""
    import analogon

    check_folder(output)
    texts = {"title": title, "introduction": introduction, "consent": consent}
    names = [name.strip() for name in contenders.split(",")] if contenders is not None else []
    if "" in names:
        raise OptionError(f"--contenders {contenders!r} has an empty name: separate names by single commas.")
    study = analogon.make_study(
        report,
        output,
        contenders=names,
        questions=questions,
        layout=layout,
        show_layout=show_layout,
        checks=checks,
        check=check,
        seed=seed,
        **{name: text for name, text in texts.items() if text is not None},
    )
    screens = len(study.questions) * len(study.criteria)
    pictures = sum(card.role == "contender" for card in study.questions[0].cards)
    say(f"{output}: {screens} question{'s' * (screens != 1)} with {pictures} pictures each")
    say(f"Begin with: analogon study serve {output}")


def serve(
    study: _Study,
    /,
    *,
    host: Annotated[
        str,
        Parameter(
            metavar="ADDRESS",
            help="Where to listen: this machine alone reaches the usual one, the whole network 0.0.0.0.",
        ),
    ] = "127.0.0.1",
    port: Annotated[int, Parameter(metavar="NUMBER", help="0 takes any that is free.")] = 8000,
) -> None:
    """Show a study to browsers and collect answers, until Ctrl-C.

    An answer is acknowledged when it is on the disk; the server may be stopped and started again at any moment.
    """
    import analogon

    def ready(address: str) -> None:
        say(f"{address}  (Ctrl-C ends it)")

    analogon.serve_study(study, host=host, port=port, ready=ready)
    say(f"Stopped. What has been answered is in {study}; see it with: analogon study results {study}")


def results(
    study: _Study,
    /,
    *,
    output: Annotated[
        Path | None,
        Parameter(
            name=("--output", "-o"), metavar="DIR", help="Folder of the tables and the page; else STUDY/results."
        ),
    ] = None,
) -> None:
    """Write the answers collected so far as tables, and a page that analyses them.

    answers.csv has one row per answer, places.csv one per answer and contender. The study may be served meanwhile.
    """
    import analogon

    folder = study / "results" if output is None else output
    check_folder(folder)
    found = analogon.study_results(study, folder)
    say(f"{found.participants} began, {found.finished} finished, {len(found.answers)} answers")
    for path in found.files:
        say(f"{path}")

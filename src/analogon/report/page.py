"""A comparison as one HTML page that holds everything: pictures, figures, configurations, and what shows them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from analogon._version import __version__
from analogon.data import LabelMap
from analogon.io import read_image, read_labels, write_text
from analogon.report.appendix import configurations, glossary, summary
from analogon.report.embedding import LADDER, Fidelity, Places, label_photo, photos, places
from analogon.report.markup import Markup, count, element, join
from analogon.report.sheets import Album, legend, sheet
from analogon.report.values import Case, Comparison

BUDGET = 19_500_000
"""Bytes of a page above which its pictures are no longer kept without loss."""
_PROVENANCE_SHARE = 0.25
"""Share of the budget above which provenances are thinned out."""
_SCRIPTS = ("view.js", "colors.js", "sheet.js", "stage.js", "tables.js", "page.js")
"""One script in several files, in this order."""


def write_page(comparison: Comparison, path: str | Path, *, budget: int = BUDGET) -> None:
    """Write the report: one HTML file that needs nothing else, neither the comparison's folder nor a network.

    Pictures are in it without loss where the page then takes at most `budget` bytes, else as WebP of the best
    quality, and after that of the largest size, with which it does; the page says which. Label maps are always exact;
    provenances are thinned out where they alone would take a quarter of the budget.

    Raises:
        InputError: a picture cannot be read, or the page cannot be written.
    """
    maps = {name: read_labels(comparison.folder / name) for case in comparison.cases for name in _maps(case)}
    shown = {name: label_photo(labels) for name, labels in maps.items()}
    fields = _provenances(comparison, _PROVENANCE_SHARE * budget)
    text = ""
    for fidelity in LADDER:
        last = fidelity == LADDER[-1]
        found = photos(comparison.folder, _pictures(comparison), fidelity, float("inf") if last else budget)
        if found is None:
            continue
        text = _page(comparison, maps, Album(found, shown, fields), fidelity)
        if len(text.encode()) <= budget:
            break
    write_text(path, text)


def _maps(case: Case) -> list[Path]:
    return [case.labels, *case.targets.values()]


def _pictures(comparison: Comparison) -> list[Path]:
    inputs = [path for case in comparison.cases for path in (case.image, *case.truths.values())]
    return inputs + [trial.picture for trial in comparison.trials if trial.picture is not None]


def _provenances(comparison: Comparison, room: float) -> dict[Path, Places]:
    """Where the pixels of the pictures come from, as fine as the room allows."""
    sources = {case.name: read_image(comparison.folder / case.image).shape[:2] for case in comparison.cases}
    step = 1
    while True:
        found: dict[Path, Places] = {}
        for trial in comparison.trials:
            if trial.provenance is not None:
                height, width = sources[trial.case]
                if field := places(comparison.folder / trial.provenance, (height, width), step):
                    found[trial.provenance] = field
        if step == 16 or sum(len(field.text) for field in found.values()) <= room:
            return found
        step *= 2


def _page(comparison: Comparison, maps: Mapping[Path, LabelMap], album: Album, fidelity: Fidelity) -> str:
    style = _template("page.css")
    script = "\n".join(_template(name) for name in _SCRIPTS)
    body = join(
        [
            summary(comparison),
            *(_case(comparison, place, maps, album) for place in range(len(comparison.cases))),
            configurations(comparison),
            glossary(comparison),
        ]
    )
    return Template(_template("page.html")).substitute(
        policy=policy_of(style, script),
        style=style,
        script=script,
        title=join([comparison.title]),
        lead=_lead(comparison),
        contents=_contents(comparison),
        body=body,
        pictures=_about_pictures(album, fidelity),
        version=__version__,
    )


def _template(name: str) -> str:
    return (files("analogon.report") / "templates" / name).read_text(encoding="utf-8")


def policy_of(style: str, script: str | None = None) -> str:
    """The security policy of a page that has everything in it: this style, this script, and nothing from elsewhere."""
    scripts = f"script-src {_hash(script)}; " if script is not None else ""
    return f"default-src 'none'; img-src data:; style-src {_hash(style)}; {scripts}base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    """What the page's security policy knows a style or a script by."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _lead(comparison: Comparison) -> str:
    targets = sum(len(case.targets) for case in comparison.cases)
    failed = sum(trial.error is not None for trial in comparison.trials)
    parts = [
        count(len(comparison.contenders), "method"),
        count(len(comparison.cases), "case"),
        count(targets, "target"),
        count(len(comparison.trials) - failed, "picture"),
    ]
    return join([" · ".join(parts), element("strong", f" · {failed} failed") if failed else ""])


def _contents(comparison: Comparison) -> Markup:
    """Links to every target, and to the sections around them."""
    lines = [element("li", element("a", "Over all targets", href="#summary"))] if comparison.aggregates else []
    for number, case in enumerate(comparison.cases, 1):
        links = [element("a", target, href=f"#target-{number}-{place}") for place, target in enumerate(case.targets, 1)]
        lines.append(
            element("li", element("a", element("b", case.name), href=f"#case-{number}"), " ", join(links, " "))
        )
    lines.append(element("li", element("a", "What made the pictures", href="#methods")))
    lines.append(element("li", element("a", "What the figures mean", href="#figures")))
    return element("ul", *lines)


def _case(comparison: Comparison, place: int, maps: Mapping[Path, LabelMap], album: Album) -> Markup:
    case, number = comparison.cases[place], place + 1
    sections = [
        sheet(
            comparison,
            case,
            target,
            [trial for trial in comparison.trials if (trial.case, trial.target) == (case.name, target)],
            album,
            f"{number}-{order}",
        )
        for order, target in enumerate(case.targets, 1)
    ]
    heading = element("h2", case.name, id=f"case-{number}")
    return element(
        "section", heading, legend(maps[case.labels]), *sections, class_="case", aria_labelledby=f"case-{number}"
    )


def _about_pictures(album: Album, fidelity: Fidelity) -> Markup:
    """How exact what the page shows is."""
    said = [f"Pictures are kept here as {fidelity}."]
    if fidelity.quality is not None:
        said.append(
            "Without loss the page would be too large: colours, and with them the differences shown, are a little "
            "off. The exact pictures lie beside the page, in the folder “results”; all figures are from those."
        )
    step = max((field.step for field in album.places.values()), default=1)
    if step > 1:
        said.append(f"Of the provenances every {step}th row and column is kept.")
    return element("p", " ".join(said))

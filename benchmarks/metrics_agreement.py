"""Do the project's figures rank pictures as an independent judge does?

    python benchmarks/metrics_agreement.py CASES --judge judge.py -o OUT [--only zebra] [--at-most 3]

For each target of the cases (README.md): EbSynth's picture for it, a copy of the source and blurred copies of EbSynth's
picture are scored by `analogon.metrics` and by the judge, and every pair of pictures is compared. A figure agrees on a
pair where both put the same one first, or both call them equal. The table says so of all pairs, and beside that of the
clear ones, whose judged figures differ by more than --near (of the larger one), or in their distance from an ideal 1 by
more than a tenth. Figures stay in OUT (ours.json, theirs.json), so a run that was broken off goes on; remove ours.json
to score anew. --at-most limits one run. The table is printed, and written to --table.
"""

import argparse
import json
import math
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
from cases import targets_of
from judging import Judge, load_judge
from PIL import Image
from scipy import ndimage, stats

import analogon

#: Our figure and the judge's; ideal 1 where neither high nor low is.
FIGURES = {
    "miou": ("miou", "higher"),
    "accuracy": ("acc", "higher"),
    **{f"coherence@{s}": (f"coh@{s}", "lower") for s in (1, 2, 4, 8)},
    **{f"completeness@{s}": (f"com@{s}", "lower") for s in (1, 2, 4, 8)},
    "sharpness": ("sharp", "one"),
    "ghost": ("ghost", "one"),
    "kept_psnr": ("keep", "higher"),
}
TITLE = """# Figures beside an independent judge's

`python benchmarks/metrics_agreement.py CASES --judge judge.py -o OUT`: {targets} targets of {cases} cases (README.md);
of each EbSynth's picture, a copy of the source, and EbSynth's picture blurred by Gaussians of 1 and 2.5 pixels.
The judge is a program of its own that measures the same things by much the same formulas. So agreement says that the
figures are computed as they are described, not that people would rank pictures alike.

*All pairs* is the share of all pairs of pictures that both put in the same order, however near they are. *Clear pairs*
leaves out those that the judge's figures tell apart by less than {near:.0%}, or, where 1 is ideal, by less than a tenth
in their distance from it. These two bounds were set with figures at hand, not before any was seen: take *all pairs* for
the result, and *clear pairs* for where the others come from. Kendall's tau is the mean over targets, all pairs
included; Spearman's correlation is over all pictures of all targets.

"""
#: Pictures whose judged figures CASES/reference.json may hold already, and their rows there.
STORED = {"ebsynth": "ebsynth", "copy": "copy of source"}
#: Of a figure whose ideal is 1, pictures that are so much (as a share) as far from it are ties.
NEAR_ONE = 0.1
#: Widths of the Gaussians, in pixels, that EbSynth's picture is blurred by.
BLURS = (1.0, 2.5)


def pictures_of(exemplar: analogon.Exemplar, target: analogon.LabelMap, stored: Path) -> dict[str, np.ndarray]:
    """The pictures to rank, uint8; a copy of the source is scaled where the target has another size."""
    made = np.asarray(Image.open(stored).convert("RGB"))
    source = Image.fromarray(np.rint(exemplar.image * 255).astype(np.uint8))
    if source.size != target.shape[::-1]:
        source = source.resize(target.shape[::-1], Image.Resampling.LANCZOS)
    found = {"ebsynth": made, "copy": np.asarray(source)}
    for width in BLURS:
        soft = ndimage.gaussian_filter(made.astype(np.float32), (width, width, 0))
        found[f"blurred {width:g}"] = np.rint(soft).astype(np.uint8)
    return found


def measure(args: argparse.Namespace, judge: Judge) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """{target: {"ours" or "theirs": {picture: figures}}}, what is known already and at most so many more."""
    known = {side: _read(args.out / f"{side}.json") for side in ("ours", "theirs")}
    reference = _read(args.cases / "reference.json")
    new, scorers = 0, {}
    for folder, found, exemplar, target in targets_of(args.cases, args.only):
        name, stored = f"{folder.name}/{target.stem}", folder / "ebsynth" / f"{target.stem}.png"
        if all(name in side for side in known.values()) or not stored.exists() or new >= args.at_most:
            continue
        layout = analogon.load_target(exemplar, target)
        pictures = pictures_of(exemplar, layout, stored)
        if name not in known["theirs"]:
            theirs = {each: reference[name][row] for each, row in STORED.items() if name in reference}
            asked = {each: args.out / "pictures" / folder.name / f"{target.stem} {each}.png" for each in pictures}
            for each in theirs:
                del asked[each]
            for each, path in asked.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pictures[each]).save(path)
            judged = judge(found.image, found.labels, target, list(asked.values()))
            known["theirs"][name] = theirs | dict(zip(asked, judged, strict=True))
            (args.out / "theirs.json").write_text(json.dumps(known["theirs"], indent=1))
        if name not in known["ours"]:
            if folder not in scorers:
                scorers[folder] = analogon.Scorer(exemplar)
            scores = {each: scorers[folder].score(p / np.float32(255), layout) for each, p in pictures.items()}
            known["ours"][name] = {each: one.record()["figures"] for each, one in scores.items()}
            (args.out / "ours.json").write_text(json.dumps(known["ours"], indent=1))
        print(name, flush=True)
        new += 1
    return {
        name: {side: figures[name] for side, figures in known.items()}
        for name in known["ours"]
        if name in known["theirs"]
    }


def _read(path: Path) -> dict:
    return json.loads(path.read_text()) if path.exists() else {}


def badness(value: float, better: str) -> float:
    if better == "one":
        return abs(math.log(max(value, 1e-9)))
    return -value if better == "higher" else value


def near(one: float, other: float, share: float, better: str) -> bool:
    if math.isinf(one) or math.isinf(other):
        return one == other
    if better == "one":
        return abs(badness(one, better) - badness(other, better)) <= NEAR_ONE
    return abs(one - other) <= share * max(abs(one), abs(other))


def rows_of(known: dict, share: float) -> list[str]:
    """The lines of the table."""
    lines = [
        "| figure | targets | all pairs: alike | of | clear pairs: alike | of | Kendall | Spearman |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, (judged, better) in FIGURES.items():
        alike = every = alike_clear = clear = targets = 0
        kendalls, mine, yours = [], [], []
        for both in known.values():
            values = {
                each: (float(both["ours"][each][name]), float(both["theirs"][each][judged]))
                for each in both["ours"]
                if both["ours"][each][name] is not None and both["theirs"][each].get(judged) is not None
            }
            if len(values) < 2:
                continue
            targets += 1
            bad = {each: (badness(a, better), badness(b, better)) for each, (a, b) in values.items()}
            for one, other in combinations(values, 2):
                ours, theirs = ((a > b) - (a < b) for a, b in zip(bad[one], bad[other], strict=True))
                same = ours == theirs
                every, alike = every + 1, alike + same
                if not near(values[one][1], values[other][1], share, better):
                    clear, alike_clear = clear + 1, alike_clear + same
            ranks = np.array(list(bad.values()))
            if len(ranks) > 2 and np.ptp(ranks[:, 0]) and np.ptp(ranks[:, 1]):
                kendalls.append(stats.kendalltau(ranks[:, 0], ranks[:, 1]).statistic)
            mine += [v[0] for v in bad.values()]
            yours += [v[1] for v in bad.values()]
        if not targets:
            continue
        spearman = stats.spearmanr(mine, yours).statistic
        lines.append(
            f"| {name} | {targets} | {alike / every:.1%} | {every} | {f'{alike_clear / clear:.1%}' if clear else '-'} "
            f"| {clear} | {f'{np.mean(kendalls):.3f}' if kendalls else '-'} | {spearman:.3f} |"
        )
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--at-most", type=int, default=10**6, help="new targets of one run")
    parser.add_argument("--table", type=Path, help="write the table to this file")
    parser.add_argument("--near", type=float, default=0.02, help="judged figures this near, as a share, are ties")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    known = measure(args, load_judge(args.judge))
    text = TITLE.format(targets=len(known), cases=len({name.split("/")[0] for name in known}), near=args.near)
    text += "\n".join(rows_of(known, args.near)) + "\n"
    print(text)
    if args.table is not None:
        args.table.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

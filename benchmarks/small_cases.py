"""Write smaller copies of case folders: pictures Lanczos, maps nearest.

    python benchmarks/small_cases.py CASES OUT [--longest 220] [--only flower coffee]

The example report (docs/example_report.html) is of such copies.
"""

import argparse
from pathlib import Path

from cases import case_folders, scaled, write_case

import analogon


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--longest", type=int, default=220, help="pixels along the longest side")
    parser.add_argument("--only", nargs="*")
    args = parser.parse_args()
    for folder in case_folders(args.cases, args.only):
        found = analogon.find_case(folder)
        exemplar = analogon.load_exemplar(found.image, found.labels)
        factor = min(1.0, args.longest / max(exemplar.shape))
        small = exemplar.resize(scaled(exemplar.shape, factor))
        write_case(small, args.output / folder.name)
        for path in found.targets:
            target = analogon.load_target(exemplar, path)
            small_target = target.resize(scaled(target.shape, factor))
            analogon.write_labels(args.output / folder.name / "cond" / f"{path.stem}.png", small_target)


if __name__ == "__main__":
    main()

"""Whether the studio's memory stays the same while somebody works: the server's, and the page's in a real browser.

python benchmarks/studio_memory.py [--minutes 30] [--case FOLDER] [--size 512x384] [--csv FILE]

One page that is never loaded again: strokes and drags that follow one another and are undone, other tools, zoom, the
result, and after each forty strokes another project that gets other labels and is deleted. Each minute one line: memory
of the server, of all processes of the browser, and the page's JavaScript heap after its rubbish was collected. The last
line compares the last third with the one before; what grows by more than 5 % ends the program with 1.
"""

import argparse
import csv
import time
from pathlib import Path

import httpx
import numpy as np
from studio_hand import WATCH, stroke, watch
from studio_running import CASE, READY, Shown, archive, chromium, imported, resident, size_of, studio

COLUMNS = "minute", "server", "browser", "heap"
GROWTH = 0.05


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--case", type=Path, default=CASE)
    parser.add_argument("--size", default="512x384")
    parser.add_argument("--csv", type=Path, metavar="FILE")
    asked = parser.parse_args()
    packed = archive(asked.case, size_of(asked.size))
    rows: list[tuple[float, ...]] = []
    with studio() as (url, server), chromium() as browser:
        shown = Shown(browser, url, imported(url, packed), WATCH)
        watch(shown)
        control = browser.new_browser_cdp_session()
        page = shown.page.context.new_cdp_session(shown.page)
        began, strokes = time.monotonic(), 0
        while len(rows) < asked.minutes:
            strokes = work(shown, url, packed, strokes)
            if time.monotonic() - began > 60 * (len(rows) + 1):
                page.send("HeapProfiler.collectGarbage")
                heap = page.send("Runtime.getHeapUsage")["usedSize"] / 2**20
                processes = control.send("SystemInfo.getProcessInfo")["processInfo"]
                browsers = sum(resident(one["id"]) for one in processes)
                rows.append((len(rows) + 1, resident(server), browsers, heap))
                print("minute {:2.0f}: server {:.0f} MiB, browser {:.0f} MiB, heap {:.1f} MiB".format(*rows[-1]),
                      f"after {strokes} strokes", flush=True)  # fmt: skip
        if shown.problems:
            raise SystemExit(f"The page says: {shown.problems}")
    if asked.csv:
        with asked.csv.open("w", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *rows])
    values = np.array(rows)
    third = max(len(rows) // 3, 1)
    before, after = (np.median(part, 0) for part in (values[-2 * third : -third], values[-third:]))
    growth = {name: after[n] / before[n] - 1 for n, name in enumerate(COLUMNS) if n}
    print("the last third beside the one before: " + ", ".join(f"{name} {one:+.1%}" for name, one in growth.items()))
    if max(growth.values()) > GROWTH:
        raise SystemExit("Memory grows.")


def work(shown: Shown, url: str, packed: bytes, strokes: int) -> int:
    """A few seconds of it; the number of strokes since the beginning."""
    page = shown.page
    for key, what in (("b", 5), ("v", "bud"), ("b", 30), ("v", "petals")):
        stroke(shown, strokes, key, what)
        strokes += 1
    for key in ("e", "p", "l", "u", "f", "i", "h", "h", "c", "c"):
        page.keyboard.press(key)
    page.mouse.move(*shown.at(50, 50))
    page.mouse.wheel(0, -200)
    page.mouse.wheel(0, 200)
    identity = page.evaluate("studio.remote.id")
    with httpx.Client(base_url=f"{url}api/projects/", timeout=120) as client:
        client.get(f"{identity}/result.png").raise_for_status()
        if strokes % 40 == 0:  # another project comes and goes, which the page looks at meanwhile
            other = imported(url, packed)
            page.evaluate(f"location.hash = '{other}'")
            shown.until(f"studio.remote?.id === '{other}' && {READY}")
            client.post(f"{other}/labels", json={"classes": 5}).raise_for_status()
            page.evaluate(f"location.hash = '{identity}'")
            shown.until(f"studio.remote?.id === '{identity}' && {READY}")
            client.delete(other).raise_for_status()
    page.keyboard.press("0")
    return strokes


if __name__ == "__main__":
    main()

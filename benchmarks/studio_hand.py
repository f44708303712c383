"""How soon the picture follows the hand in a real browser: from the pointer's event to the painted preview.

python benchmarks/studio_hand.py [--case FOLDER] [--size 512x384] [--strokes 200] [--small bud] [--large petals]

A quarter of the strokes each: a thin brush, a wide brush, the small and the large object dragged. A stroke is 24
events, one for each frame of the screen. The time of an event ends with the first frame that shows a picture with that
event in it, pictures of earlier events do not count; that of a final picture begins when the pointer lifts. After each
stroke it is undone.
"""

import argparse
import json
import math
import time
from pathlib import Path

from studio_running import CASE, Shown, archive, chromium, imported, resident, size_of, studio, told

# Which events had happened when a picture was wished for, and when that picture was painted.
WATCH = """
const events = [], shown = [], wished = new Map();
let down = false, lifted = 0;
addEventListener("pointerdown", () => { down = true; events.length = shown.length = lifted = 0 }, true);
addEventListener("pointermove", (event) => {
  if (down) events.push((event.getCoalescedEvents()[0] ?? event).timeStamp);
}, true);
addEventListener("pointerup", (event) => { down = false; lifted = event.timeStamp }, true);
const { send } = WebSocket.prototype;
WebSocket.prototype.send = function (data) {
  wished.set(JSON.parse(data).number, lifted ? Infinity : events.length);
  return send.call(this, data);
};
window.hand = {
  watch() {
    studio.latency = ({ number, stage }) => requestAnimationFrame(() => {
      const after = new MessageChannel(); // whose message comes when the frame is painted
      after.port1.onmessage = () => shown.push({ covers: wished.get(number), at: performance.now(), stage });
      after.port2.postMessage(0);
    });
  },
  ended: () => lifted > 0 && shown.some((one) => one.stage === "final" && one.covers === Infinity),
  told() {
    const all = events.length;
    const soon = events.map((since, n) => shown.find((one) => one.covers > n)?.at - since);
    const final = shown.find((one) => one.stage === "final" && one.covers === Infinity);
    return { soon, frames: shown.filter((one) => one.covers <= all).length, final: final.at - lifted };
  },
};
"""
EVENTS, FRAME = 24, 1 / 60


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", type=Path, default=CASE)
    parser.add_argument("--size", default="512x384")
    parser.add_argument("--strokes", type=int, default=200)
    parser.add_argument("--small", default="bud", metavar="OBJECT")
    parser.add_argument("--large", default="petals", metavar="OBJECT")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all times, in milliseconds")
    asked = parser.parse_args()
    kinds = {"thin brush": ("b", 5), "wide brush": ("b", 30), "small object": ("v", asked.small),
             "large object": ("v", asked.large)}  # fmt: skip
    found: dict[str, list[dict]] = {kind: [] for kind in kinds}
    packed, began = archive(asked.case, size_of(asked.size)), time.perf_counter()
    with studio() as (url, server), chromium() as browser:
        print(f"its address after {time.perf_counter() - began:.2f} s")
        shown = Shown(browser, url, imported(url, packed), WATCH)
        watch(shown)
        print(f"a project that was imported is shown after {time.perf_counter() - began:.2f} s")
        first = stroke(shown, 0, "b", 5)
        print(f"its first stroke: preview {first['soon'][0] / 1000:.2f} s, final picture {first['final'] / 1000:.2f} s")
        shown.page.wait_for_timeout(3000)
        for number in range(asked.strokes):
            kind = list(kinds)[number % len(kinds)]
            found[kind].append(stroke(shown, number, *kinds[kind]))
        print(f"server {resident(server):.0f} MiB")
        if shown.problems:
            raise SystemExit(f"The page says: {shown.problems}")
    for kind, strokes in found.items():
        report(kind, strokes)
    report("all", [one for strokes in found.values() for one in strokes])
    if asked.json:
        asked.json.write_text(json.dumps(found))


def report(kind: str, strokes: list[dict]) -> None:
    if not strokes:
        return
    print(told(f"{kind}: previews", [ms / 1000 for one in strokes for ms in one["soon"]]))
    print(told(f"{kind}: final pictures", [one["final"] / 1000 for one in strokes]))
    frames = sum(one["frames"] for one in strokes) / sum(len(one["soon"]) for one in strokes) / FRAME
    print(f"{kind}: {frames:.0f} pictures a second")


def watch(shown: Shown) -> None:
    """From now on the page takes the times of strokes."""
    shown.page.evaluate("hand.watch()")


def stroke(shown: Shown, number: int, key: str, what: str | float) -> dict:
    """One stroke from press to final picture, and its undoing; the times in milliseconds."""
    page = shown.page
    page.keyboard.press(key)
    height, width = page.evaluate("[studio.labels.height, studio.labels.width]")
    if isinstance(what, str):
        row, column = shown.object_at(what)
    else:
        page.evaluate(
            "(size) => { studio.radius.brush = size; studio.pick(studio.labels.values.at(-1) ? 0 : 1) }", what
        )
        row, column = height * (0.3 + 0.4 * (number * 0.37 % 1)), width * (0.25 + 0.3 * (number * 0.61 % 1))
    turn = number * 2.4
    x, y = shown.at(row + 0.5, column + 0.5)
    zoom = page.evaluate("studio.stage.zoom")
    far = 0.22 * min(height, width) * zoom
    page.mouse.move(x, y)
    page.mouse.down()
    began = time.perf_counter()
    for n in range(1, EVENTS + 1):
        along = n / EVENTS
        bend = turn + 0.8 * math.sin(3 * along)
        page.mouse.move(x + far * along * math.cos(bend), y + far * along * math.sin(bend))
        time.sleep(max(0, began + n * FRAME - time.perf_counter()))
    page.mouse.up()
    shown.until("hand.ended()")
    result: dict = page.evaluate("hand.told()")
    page.keyboard.press("Control+z")
    shown.until("studio.project.redo > 0 && !studio.sending")
    page.wait_for_timeout(150)
    return result


if __name__ == "__main__":
    main()

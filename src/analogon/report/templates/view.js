/**
 * What part of its pictures a target shows: the same spot in all of them.
 * Places are shares of a picture's width and height, so pictures of different sizes show the same part too.
 */

const MOST_ZOOM = 32;
const DOUBLE_TAP = { milliseconds: 320, pixels: 24 };

/** @param {number} value @param {number} low @param {number} high */
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

class View {
  zoom = 1;
  left = 0;
  top = 0;
  /** @type {{x: number, y: number, from: Element} | null} where somebody points */
  point = null;
  /** @type {Set<() => void>} */
  listeners = new Set();

  /** Zoom by a factor about a place of the pane that stays where it is. Says whether anything changed. */
  zoomBy(factor, x = 0.5, y = 0.5) {
    const zoom = clamp(this.zoom * factor, 1, MOST_ZOOM);
    return this.show(zoom, this.left + x / this.zoom - x / zoom, this.top + y / this.zoom - y / zoom);
  }

  /** Move what is shown by shares of the pane. */
  panBy(x, y) {
    return this.show(this.zoom, this.left + x / this.zoom, this.top + y / this.zoom);
  }

  reset() {
    return this.show(1, 0, 0);
  }

  show(zoom, left, top) {
    const most = 1 - 1 / zoom;
    const next = [zoom, clamp(left, 0, most), clamp(top, 0, most)];
    if (next[0] === this.zoom && next[1] === this.left && next[2] === this.top) return false;
    [this.zoom, this.left, this.top] = next;
    this.tell();
    return true;
  }

  /** @param {Element} from the pane that is pointed at, (x, y) as shares of it; without it nothing is. */
  pointAt(from, x, y) {
    this.point = from && { x: this.left + x / this.zoom, y: this.top + y / this.zoom, from };
    this.tell();
  }

  tell() {
    for (const listener of this.listeners) listener();
  }
}

/** Move and scale the layers of a pane as the view says. Few screen pixels to one of the picture are smoothed. */
function follow(pane, view) {
  const { zoom, left, top } = view;
  for (const layer of pane.querySelectorAll(".layer")) {
    layer.style.transform = `translate(${-left * zoom * 100}%, ${-top * zoom * 100}%) scale(${zoom})`;
    const picture = layer.firstElementChild;
    const pixels = picture && (picture.naturalWidth || picture.width);
    layer.classList.toggle("coarse", pixels > 0 && zoom * pane.clientWidth * devicePixelRatio >= 2 * pixels);
  }
  pane.classList.toggle("zoomed", zoom > 1);
}

/** Put a mark of a pane on a place of its picture; without a place, or where it is out of sight, hide it. */
function mark(sign, view, place) {
  const x = place && (place.x - view.left) * view.zoom;
  const y = place && (place.y - view.top) * view.zoom;
  sign.hidden = !place || x < 0 || x > 1 || y < 0 || y > 1;
  if (sign.hidden) return;
  sign.style.left = `${x * 100}%`;
  sign.style.top = `${y * 100}%`;
}

/**
 * Wheel, drag, pinch, double tap and keys on a pane. The wheel zooms in a pane that was clicked, or with Ctrl held:
 * else it scrolls the page, as everywhere.
 * @param {HTMLElement} pane
 * @param {View} view
 * @param {(share: number) => void} [slide] takes drags while the whole picture is shown
 */
function steer(pane, view, slide) {
  /** @type {Map<number, {x: number, y: number}>} */
  const fingers = new Map();
  let tap = { time: -1e9, x: 0, y: 0 };
  let travelled = 0;

  const place = (event) => {
    const box = pane.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  };

  const move = (event) => {
    const before = fingers.get(event.pointerId);
    const now = place(event);
    if (!before) {
      if (event.pointerType === "mouse") view.pointAt(pane, now.x, now.y);
      return;
    }
    travelled += Math.hypot(now.x - before.x, now.y - before.y) * pane.clientWidth;
    if (fingers.size === 2) {
      const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, finger]) => finger);
      const spread = (finger) => Math.hypot((finger.x - other.x) * pane.clientWidth, (finger.y - other.y) * pane.clientHeight);
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      view.panBy((before.x - now.x) / 2, (before.y - now.y) / 2);
      view.zoomBy(spread(now) / Math.max(spread(before), 1), middle.x, middle.y);
    } else if (view.zoom > 1) view.panBy(before.x - now.x, before.y - now.y);
    else slide?.(now.x);
    fingers.set(event.pointerId, now);
  };

  const leave = (event) => {
    if (!fingers.delete(event.pointerId) || event.type !== "pointerup" || travelled > 8) return;
    const near = Math.hypot(event.clientX - tap.x, event.clientY - tap.y) < DOUBLE_TAP.pixels;
    if (near && event.timeStamp - tap.time < DOUBLE_TAP.milliseconds) {
      const { x, y } = place(event);
      if (!view.reset()) view.zoomBy(3, x, y);
      tap.time = -1e9;
    } else tap = { time: event.timeStamp, x: event.clientX, y: event.clientY };
    const { x, y } = place(event);
    view.pointAt(pane, x, y);
  };

  pane.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (fingers.size === 0) travelled = 0;
    fingers.set(event.pointerId, place(event));
    pane.setPointerCapture(event.pointerId);
  });
  pane.addEventListener("pointermove", move);
  for (const type of ["pointerup", "pointercancel"]) pane.addEventListener(type, leave);
  pane.addEventListener("pointerleave", () => fingers.size || view.pointAt(null));
  // Two fingers are ours, one scrolls the page while the whole picture is shown.
  pane.addEventListener("touchmove", (event) => event.touches.length > 1 && event.cancelable && event.preventDefault(), {
    passive: false,
  });
  pane.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey && !pane.contains(document.activeElement)) return;
      const { x, y } = place(event);
      const lines = event.deltaMode === 1 ? 30 : 1;
      const changed = view.zoomBy(Math.exp(-clamp(event.deltaY * lines, -240, 240) / 400), x, y);
      if (changed || event.ctrlKey || event.metaKey) event.preventDefault();
    },
    { passive: false },
  );
  pane.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = 0.15;
    const acts = {
      "+": () => view.zoomBy(1.5),
      "=": () => view.zoomBy(1.5),
      "-": () => view.zoomBy(1 / 1.5),
      0: () => view.reset(),
      ArrowLeft: () => view.panBy(-step, 0),
      ArrowRight: () => view.panBy(step, 0),
      ArrowUp: () => view.panBy(0, -step),
      ArrowDown: () => view.panBy(0, step),
      Escape: () => document.activeElement.blur(),
    };
    const act = acts[event.key];
    if (!act || event.defaultPrevented) return;
    const zoomed = view.zoom > 1;
    if (act() !== false || zoomed) event.preventDefault();
  });
}

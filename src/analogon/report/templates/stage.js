/** Two pictures of a target on one stage: a slider between them, or their difference. */

class Stage {
  cut = 0.5;
  mode = "slider";
  gain = GAIN;

  /** @param {Sheet} sheet */
  constructor(sheet) {
    this.sheet = sheet;
    const result = sheet.tiles.find((tile) => tile.kind === "result" && tile.image.src !== sheet.source.image.src);
    this.sides = { left: sheet.source.item, right: (result ?? sheet.layout).item };
    this.element = make("div", { className: "stage" }, this.pictures(), this.controls());
    this.name();
  }

  pictures() {
    const layers = ["right", "left", "over", "heat"].map((name) => {
      this[`${name}Layer`] = make("div", { className: "layer" });
      return make("div", { className: `cover ${name}` }, this[`${name}Layer`]);
    });
    [, this.leftCover, this.overCover, this.heatCover] = layers;
    this.tags = { left: make("span", { className: "tag left" }), right: make("span", { className: "tag right" }) };
    this.handle = make("div", { className: "handle", tabIndex: 0, role: "slider" });
    this.handle.setAttribute("aria-label", "Slider between the two pictures");
    this.handle.setAttribute("aria-valuemin", "0");
    this.handle.setAttribute("aria-valuemax", "100");
    this.spot = make("span", { className: "spot" });
    this.pane = make("div", { className: "pane", tabIndex: 0, role: "group" }, ...layers, this.tags.left, this.tags.right, this.spot, this.handle);
    this.pane.setAttribute("aria-label", "Two pictures: plus, minus and zero zoom, arrows move");
    this.shape();
    steer(this.pane, this.sheet.view, (share) => this.slide(share));
    this.grip();
    return this.pane;
  }

  /** The stage has the proportions of the layout, and fits on the screen. */
  shape() {
    const [width, height] = ["width", "height"].map((side) => Number(this.sheet.layout.image.getAttribute(side)));
    this.pane.style.aspectRatio = `${width} / ${height}`;
    this.pane.style.maxWidth = `calc(82vh * ${width / height})`;
  }

  /** Drags and keys of the slider's handle. */
  grip() {
    const { handle } = this;
    handle.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      event.stopPropagation();
      const box = this.pane.getBoundingClientRect();
      this.slide((event.clientX - box.left) / box.width);
    });
    handle.addEventListener("pointerup", (event) => event.stopPropagation());
    handle.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 0.1 : 0.02;
      const cuts = {
        ArrowLeft: this.cut - step,
        ArrowDown: this.cut - step,
        ArrowRight: this.cut + step,
        ArrowUp: this.cut + step,
        PageDown: this.cut - 0.1,
        PageUp: this.cut + 0.1,
        Home: 0,
        End: 1,
      };
      if (!(event.key in cuts)) return;
      event.preventDefault();
      this.slide(cuts[event.key]);
    });
  }

  controls() {
    const select = (side) => {
      const groups = new Map();
      this.sheet.items.forEach((item, index) => {
        if (!groups.has(item.group)) groups.set(item.group, make("optgroup", { label: item.group }));
        groups.get(item.group).append(make("option", { value: String(index) }, item.name));
      });
      const made = make("select", {}, ...groups.values());
      made.addEventListener("change", () => this.choose(side, this.sheet.items[+made.value]));
      return made;
    };
    this.selects = { left: select("left"), right: select("right") };
    const swap = make("button", { type: "button", className: "swap" }, "⇄ Swap");
    swap.addEventListener("click", () => {
      [this.sides.left, this.sides.right] = [this.sides.right, this.sides.left];
      this.draw();
    });
    const modes = choice("What is shown of the two", [["slider", "Slider"], ["difference", "Difference"]], "slider", (mode) => {
      this.mode = mode;
      this.draw();
    });
    const range = (properties, oninput) => {
      const made = make("input", { type: "range", ...properties });
      made.addEventListener("input", () => oninput(+made.value));
      return made;
    };
    const gain = range({ min: "0", max: "5", step: "1", value: String(Math.log2(GAIN)) }, (power) => {
      this.gain = 2 ** power;
      this.draw();
    });
    const layout = range({ min: "0", max: "100", value: "0" }, (percent) => {
      this.overCover.style.opacity = String(percent / 100);
    });
    this.gainLabel = make("label", {}, make("span", {}, "Strength of differences"), gain);
    this.scale = make("p", { className: "scale" });
    return make(
      "div",
      { className: "controls" },
      make("label", {}, make("span", {}, "Left"), this.selects.left),
      make("label", {}, make("span", {}, "Right"), this.selects.right),
      make("div", { className: "pair" }, swap, modes),
      this.gainLabel,
      make("label", {}, make("span", {}, "Layout over it"), layout),
      this.scale,
    );
  }

  /** @param {"left" | "right"} side @param {Item} item */
  choose(side, item) {
    this.sides[side] = item;
    this.draw();
    const box = this.pane.getBoundingClientRect();
    if (box.top < 0 || box.bottom > innerHeight) this.pane.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  /** Put the slider at a share of the width. */
  slide(share) {
    this.cut = clamp(share, 0, 1);
    this.update();
  }

  /** The item under a place: what lies left or right of the slider. */
  pointed(point) {
    if (point.from !== this.pane) return null;
    const { view } = this.sheet;
    return this.sides[(point.x - view.left) * view.zoom < this.cut ? "left" : "right"];
  }

  /** Say everywhere what is chosen. */
  name() {
    for (const side of ["left", "right"]) {
      this.selects[side].value = String(this.sheet.items.indexOf(this.sides[side]));
      this.tags[side].textContent = this.sides[side].name;
      for (const item of this.sheet.items) item.buttons?.[side].setAttribute("aria-pressed", String(item === this.sides[side]));
    }
    this.heatCover.hidden = this.gainLabel.hidden = this.scale.hidden = this.mode !== "difference";
    this.handle.hidden = this.mode === "difference";
  }

  /** Show the chosen pictures. What comes late, after another choice, is left. */
  async draw() {
    const job = (this.job = {});
    const { left, right } = this.sides;
    this.name();
    const differs = this.mode === "difference";
    const [first, second, over] = await Promise.all([left.picture(), right.picture(), this.sheet.layout.item.picture()]);
    if (job !== this.job) return;
    let words = "";
    this.heatLayer.replaceChildren();
    if (differs) {
      const label = `Difference of ${left.name} and ${right.name}`;
      const { canvas, mean } = difference(second, first, this.gain, label);
      this.heatLayer.replaceChildren(canvas);
      words = `Root mean square ${mean.toFixed(1)} of 255 levels; the palest is ${Math.round(255 / this.gain)} or more.`;
    }
    this.leftLayer.replaceChildren(first);
    this.rightLayer.replaceChildren(second);
    this.overLayer.replaceChildren(over);
    this.overCover.style.opacity ||= "0";
    this.scale.textContent = words;
    this.pane.dataset.mode = this.mode;
    this.update();
  }

  update() {
    const { view } = this.sheet;
    const percent = this.cut * 100;
    follow(this.pane, view);
    mark(this.spot, view, view.point && view.point.from !== this.pane ? view.point : null);
    this.leftCover.style.clipPath = `inset(0 ${100 - percent}% 0 0)`;
    this.handle.style.left = `${percent}%`;
    this.handle.setAttribute("aria-valuenow", String(Math.round(percent)));
    this.handle.setAttribute(
      "aria-valuetext",
      `${Math.round(percent)} % ${this.sides.left.name}, ${Math.round(100 - percent)} % ${this.sides.right.name}`,
    );
  }
}

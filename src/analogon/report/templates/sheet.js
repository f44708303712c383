/** The contact sheet of a target: one zoom for all its pictures, and other ways to see them. */

const GAIN = 2;
let choices = 0;

/** A row of which one is chosen, as native radio buttons. @param {[string, string][]} options value and text */
function choice(legend, options, chosen, onchange) {
  const name = `choice-${(choices += 1)}`;
  const buttons = options.map(([value, text]) => {
    const input = make("input", { type: "radio", name, value, checked: value === chosen });
    input.addEventListener("change", () => onchange(value));
    return make("label", {}, input, make("span", {}, text));
  });
  return make("fieldset", { className: "choice" }, make("legend", { className: "unseen" }, legend), ...buttons);
}

/** One picture that can be chosen: of a tile, or a provenance. */
class Item {
  /** @param {"Inputs" | "Results" | "Provenance"} group @param {() => Promise<HTMLElement>} picture makes a new one */
  constructor(name, group, picture, places = null) {
    Object.assign(this, { name, group, picture, places });
  }
}

class Sheet {
  view = new View();
  mode = "picture";

  /** @param {HTMLElement} section */
  constructor(section) {
    this.section = section;
    this.tiles = [...section.querySelectorAll(".tile:not(.failed)")].map((figure) => this.tile(figure));
    this.source = this.tiles.find((tile) => tile.kind === "source");
    this.layout = this.tiles.find((tile) => tile.kind === "layout");
    this.items = [
      ...this.tiles.map((tile) => tile.item),
      ...this.tiles.filter((tile) => tile.places).map((tile) => tile.provenance),
    ];
    this.view.listeners.add(() => this.update());
    this.section.querySelector(".sheet").before(this.toolbar());
    this.stage = new Stage(this);
    this.section.querySelector(".sheet").after(this.stage.element);
    this.update();
    addEventListener("resize", () => this.update());
  }

  /** @param {HTMLElement} figure */
  tile(figure) {
    const pane = figure.querySelector(".pane");
    const image = figure.querySelector("img");
    const store = figure.querySelector("script.places");
    const { name, kind } = figure.dataset;
    const tile = { figure, pane, image, kind, places: store && new Places(store), spot: make("span"), origin: make("span") };
    tile.spot.className = "spot";
    tile.origin.className = "spot origin";
    pane.append(tile.spot, tile.origin);
    pane.tabIndex = 0;
    pane.setAttribute("role", "group");
    pane.setAttribute("aria-label", `${name}: plus, minus and zero zoom all pictures, arrows move them`);
    tile.item = new Item(name, kind === "result" ? "Results" : "Inputs", () => copyOf(image), tile.places);
    tile.provenance = new Item(`Provenance of ${name}`, "Provenance", async () => {
      return (await tile.places.open()).picture(`Provenance of ${name}`);
    }, tile.places);
    steer(pane, this.view);
    const sides = ["left", "right"].map((side) => {
      const button = make("button", { type: "button", className: `side-${side}`, title: `Show at the ${side} of the slider` });
      button.setAttribute("aria-label", `Show ${name} at the ${side} of the slider`);
      button.addEventListener("click", () => this.stage.choose(side, tile.item));
      return button;
    });
    figure.querySelector(".name-row").append(make("span", { className: "sides" }, ...sides));
    tile.item.buttons = { left: sides[0], right: sides[1] };
    return tile;
  }

  toolbar() {
    const options = [["picture", "Pictures"], ["difference", "Against source"], ["layout", "With layout"]];
    if (this.tiles.some((tile) => tile.places)) options.push(["provenance", "Provenance"]);
    if (this.tiles.some((tile) => tile.kind === "truth")) options.splice(2, 0, ["truth", "Against truth"]);
    const modes = choice("How the pictures are shown", options, "picture", (mode) => this.show(mode));
    const button = (text, label, act) => {
      const made = make("button", { type: "button" }, text);
      made.setAttribute("aria-label", label);
      made.addEventListener("click", act);
      return made;
    };
    this.percent = make("output", { className: "percent" });
    const zoom = make(
      "div",
      { className: "zoom" },
      button("−", "Zoom out", () => this.view.zoomBy(1 / 1.5)),
      this.percent,
      button("+", "Zoom in", () => this.view.zoomBy(1.5)),
      button("Whole", "Show the whole pictures", () => this.view.reset()),
    );
    this.readout = make("output", { className: "readout" });
    this.words = make("p", { className: "hint" });
    return make("div", { className: "bar" }, modes, zoom, this.words, this.readout);
  }

  /** Let all tiles show pictures, differences, the layout over them, or provenances. */
  async show(mode) {
    this.mode = mode;
    await Promise.all(this.tiles.map((tile) => this.cover(tile, mode)));
    this.update();
  }

  /** Put over a tile's picture what the mode says, or nothing. */
  async cover(tile, mode) {
    const { name } = tile.item;
    const picture = tile.kind === "result" || tile.kind === "truth" || tile.kind === "source";
    let over = null;
    let words = "";
    if ((mode === "difference" || mode === "truth") && picture && tile.kind !== "labels") {
      const other = this.tiles.find((one) => one.kind === (mode === "truth" ? "truth" : "source"));
      const found = difference(await copyOf(tile.image), await copyOf(other.image), GAIN, `Difference of ${name}`);
      over = found.canvas;
      words = `${found.mean.toFixed(1)} levels off`;
    } else if (mode === "layout" && picture && tile.kind !== "source") {
      over = await copyOf(this.layout.image);
      over.classList.add("sheer");
    } else if (mode === "provenance" && tile.places) over = await tile.provenance.picture();
    else if (mode === "provenance" && tile.kind === "source") {
      const { naturalWidth: width, naturalHeight: height } = tile.image;
      const same = (row, column) => ({ row, column });
      over = paintPlaces(width, height, width, height, same, "Colours of the places of the source");
    } else if (mode === "provenance" && tile.kind === "result") words = "no provenance";
    if (mode !== this.mode) return;
    tile.pane.querySelectorAll(".over, .words").forEach((old) => old.remove());
    if (over) tile.pane.querySelector(".layer").after(make("div", { className: "layer over" }, over));
    if (words) tile.pane.append(make("span", { className: "words" }, words));
  }

  /** Show the view in every pane, and what is pointed at. */
  update() {
    const { view } = this;
    this.percent.value = `${Math.round(view.zoom * 100)} %`;
    const from = view.point && this.tiles.find((tile) => tile.pane === view.point.from);
    const places = from ? from.places : view.point && this.stage.pointed(view.point)?.places;
    if (places && !places.offsets) places.open().then(() => this.update());
    const origin = places?.offsets && view.point ? places.origin(view.point) : null;
    for (const tile of this.tiles) {
      follow(tile.pane, view);
      mark(tile.spot, view, view.point && tile !== from ? view.point : null);
      mark(tile.origin, view, tile === this.source ? origin : null);
    }
    this.stage.update();
    this.readout.value = view.point ? this.tell(view.point, from, origin) : "";
    this.words.hidden = Boolean(view.point);
  }

  /** What is known of the place that is pointed at. */
  tell(point, from, origin) {
    const image = (from ?? this.layout).image;
    const column = clamp(Math.floor(point.x * image.naturalWidth), 0, image.naturalWidth - 1);
    const row = clamp(Math.floor(point.y * image.naturalHeight), 0, image.naturalHeight - 1);
    return `column ${column}, row ${row}${origin ? ` · from column ${origin.column}, row ${origin.row}` : ""}`;
  }
}

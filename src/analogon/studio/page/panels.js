// What stands beside the picture: classes with names, keys, colours and locks; objects; options of the tools.

import { asked, box, button, icon, input, make, remember, remembered, say, the, trying } from "./dom.js";

/** @import {Editor} from "./editor.js" */
/** @import {Thing} from "./types.js" */

/** Of the picture that an object takes; smaller ones are listed apart. */
const SMALL = 0.002;
const HINTS = /** @type {Record<string, string>} */ ({
  select: "Click a thing and drag it. Shift adds one more, Alt copies.",
  bend: "Choose a thing, then pull its handles or any point of it.",
  brush: "Paint the class chosen on the right. [ and ] change the size.",
  eraser: "Takes from the object where the stroke begins; what lies behind comes back.",
  polygon: "Click corners; a double click or Enter closes, Backspace takes one back.",
  lasso: "Draw around what should become the class.",
  fill: "Click an area to make it the class.",
  superpixels: "Drag over patches that belong together.",
  pick: "Click the picture to take its class.",
  merge: "Click a class, then the one that it should become part of.",
  scribble: "Draw in the class chosen, on each side of an edge; then refine.",
});

/** @param {number[]} color */
const hex = (color) => `#${color.map((one) => one.toString(16).padStart(2, "0")).join("")}`;

/** Tell of changes that new labels have cost. @param {{dropped?: number} | null | undefined} said */
export function dropped(said) {
  const count = said?.dropped ?? 0;
  if (!count) return;
  say(
    count === 1
      ? "A change was made for the labels before and is gone; undo brings it back."
      : `${count} changes were made for the labels before and are gone; undo brings them back.`,
  );
}

/** A section that its heading opens and closes. @param {HTMLElement} section */
function fold(section) {
  const heading = section.querySelector("h2");
  if (!heading) return;
  const name = `folded/${heading.textContent}`;
  const toggle = make("button", { type: "button", class: "quiet" }, icon("more"), heading.textContent ?? "");
  const set = (/** @type {boolean} */ folded) => {
    section.classList.toggle("folded", folded);
    toggle.setAttribute("aria-expanded", String(!folded));
    remember(name, folded ? "yes" : null);
  };
  toggle.addEventListener("click", () => set(!section.classList.contains("folded")));
  heading.replaceChildren(toggle);
  set(remembered(name) === "yes");
}

/** @param {Editor} editor */
export function panels(editor) {
  const list = box("classes");
  /** @type {Map<HTMLElement, Thing>} */
  const rows = new Map();
  let unfolded = false;

  /** @param {Record<string, unknown>} change */
  const classes = (change) =>
    trying(async () => {
      const said = await editor.remote?.classes(change);
      await editor.reload();
      dropped(said);
    });

  function listClasses() {
    const all = editor.project?.classes ?? [];
    list.replaceChildren(
      ...all.map((one, place) => {
        const color = make("input", {
          type: "color",
          class: "swatch",
          value: hex(one.color),
          "aria-label": `Colour of ${one.name}`,
        });
        color.addEventListener("change", () => {
          const parts = [1, 3, 5].map((at) => parseInt(color.value.slice(at, at + 2), 16));
          classes({ color: { id: one.id, color: parts } });
        });
        const key = place < 10 ? make("kbd", {}, String((place + 1) % 10)) : "";
        const choose = make(
          "button",
          { type: "button", class: "choose", title: `${one.name}: double click to rename` },
          make("span", {}, one.name),
          key,
        );
        choose.addEventListener("click", () => editor.pick(place));
        choose.addEventListener("dblclick", async () => {
          const name = await asked({ title: "Rename the class", name: one.name });
          if (name && name !== one.name) classes({ rename: { id: one.id, name } });
        });
        const lock = make("button", { type: "button", class: "quiet lock" });
        lock.addEventListener("click", () => {
          if (!editor.locked.delete(one.name)) editor.locked.add(one.name);
          dress();
        });
        return make("li", {}, color, choose, lock);
      }),
    );
    const rest = editor.project?.classes.map((one) => make("option", { value: one.name }, one.name)) ?? [];
    const select = the("fill-with", HTMLSelectElement);
    select.replaceChildren(
      make("option", { value: "behind" }, "what is behind"),
      make("option", { value: "around" }, "what is nearest"),
      ...rest,
    );
    select.value = editor.fillWith;
    if (!select.value) select.value = editor.fillWith = "behind";
    dress();
  }

  function dress() {
    const mine = editor.project?.classes[editor.current];
    box("painting").lastElementChild?.replaceChildren(mine?.name ?? "");
    const dot = box("painting").firstElementChild;
    if (mine && dot instanceof HTMLElement) dot.style.background = hex(mine.color);
    editor.project?.classes.forEach((one, place) => {
      const item = list.children[place];
      if (!item) return;
      item.querySelector(".choose")?.setAttribute("aria-pressed", String(place === editor.current));
      const lock = item.querySelector(".lock");
      const locked = editor.locked.has(one.name);
      lock?.replaceChildren(icon(locked ? "lock" : "open-lock"));
      lock?.setAttribute("aria-pressed", String(locked));
      lock?.setAttribute("aria-label", `Lock ${one.name}`);
      lock?.setAttribute("title", locked ? "Locked: its pixels stay" : "Lock: its pixels stay");
    });
  }

  /** A button for an object or a group. @param {Thing} one */
  function row(one) {
    const dot = make("i", { class: "swatch dot" });
    const colors = editor.project?.classes ?? [];
    const color = colors.find((it) => it.name === one.class)?.color;
    if (color) dot.style.background = hex(color);
    const choose = make(
      "button",
      { type: "button", class: "choose" },
      one.id < 0 ? icon("group") : dot,
      make("span", {}, one.name),
      one.id < 0 ? make("small", {}, String(one.members.length)) : "",
    );
    choose.addEventListener("click", (event) => {
      editor.tool.settle();
      if (editor.name !== "bend") editor.use("select");
      if (event.shiftKey || event.ctrlKey || event.metaKey || editor.several) editor.toggle(one);
      else editor.select(one);
    });
    rows.set(choose, one);
    return make("li", {}, choose);
  }

  function listObjects() {
    const { project, things } = editor;
    if (!project) return;
    rows.clear();
    const all = things.listed();
    const frame = editor.labels.height * editor.labels.width;
    const small = all.filter((one) => one.id >= 0 && one.area < SMALL * frame);
    const folded = small.length > 2 ? small : [];
    const list = all.filter((one) => !folded.includes(one)).map(row);
    if (folded.length) {
      const more = make("button", { type: "button", class: "choose fold", "aria-expanded": unfolded }, icon("more"));
      more.append(make("span", {}, `${folded.length} small parts`));
      more.addEventListener("click", () => {
        unfolded = !unfolded;
        listObjects();
        /** @type {HTMLElement | null} */ (document.querySelector("#objects .fold"))?.focus();
      });
      list.push(make("li", {}, more), ...(unfolded ? folded.map(row) : []));
    }
    box("objects").replaceChildren(
      ...(list.length ? list : [make("li", { class: "empty" }, "Paint something to have an object.")]),
    );
    box("object-count").textContent = all.length > 1 ? `${all.length}, the front first` : "";
    button("undo").disabled = !project.undo;
    button("redo").disabled = !project.redo;
    selected();
  }

  function selected() {
    const { selection, name } = editor;
    const some = selection.length > 0 && (name === "select" || name === "bend");
    for (const one of document.querySelectorAll("[data-chosen]")) /** @type {HTMLElement} */ (one).hidden = !some;
    box("hint").hidden = some;
    box("chosen").textContent = editor.selected?.name ?? "";
    box("chosen").title = selection.map((one) => one.name).join(", ");
    const grouped = selection.some((one) => one.id < 0);
    for (const one of document.querySelectorAll("#object-buttons button")) {
      const { act } = /** @type {HTMLElement} */ (one).dataset;
      /** @type {HTMLButtonElement} */ (one).disabled = !some || (act === "group" && selection.length < 2);
      if (act === "ungroup") /** @type {HTMLButtonElement} */ (one).hidden = !grouped;
    }
    button("several").setAttribute("aria-pressed", String(editor.several));
    for (const [choose, one] of rows) {
      const mine = selection.includes(one);
      choose.setAttribute("aria-pressed", String(mine));
      if (mine && selection.length === 1) choose.scrollIntoView({ block: "nearest" });
    }
  }

  function tool() {
    for (const one of document.querySelectorAll("[data-tool]")) {
      one.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (one).dataset.tool === editor.name));
    }
    for (const one of document.querySelectorAll("[data-for]")) {
      const element = /** @type {HTMLElement} */ (one);
      element.hidden = !element.dataset.for?.split(" ").includes(editor.name);
    }
    box("hint").textContent = box("hint").title = HINTS[editor.name];
    size();
    selected();
  }

  // sizes go by ratio: 0.5 to 500 pixels along the slider
  function size() {
    const radius = editor.radius[editor.name === "eraser" ? "eraser" : "brush"];
    input("size").value = String((Math.log(radius / 0.5) / Math.log(1000)) * 100);
    box("size-shown").textContent = `${radius * 2} px`;
    remember("radius", JSON.stringify(editor.radius));
  }
  input("size").addEventListener("input", () => {
    const radius = Math.round(0.5 * 1000 ** (Number(input("size").value) / 100) * 2) / 2;
    editor.radius[editor.name === "eraser" ? "eraser" : "brush"] = Math.max(radius, 0.5);
    size();
  });
  try {
    Object.assign(editor.radius, JSON.parse(remembered("radius", "{}")));
  } catch {
    // sizes as they are at first
  }

  for (const one of document.querySelectorAll("[data-tool]")) {
    const element = /** @type {HTMLElement} */ (one);
    element.addEventListener("click", () => editor.use(element.dataset.tool ?? ""));
  }
  for (const one of document.querySelectorAll("[data-act]")) {
    const element = /** @type {HTMLElement} */ (one);
    element.addEventListener("click", () => editor.act(element.dataset.act ?? ""));
  }
  editor.pressure = input("pressure").checked = remembered("pressure", "yes") === "yes";
  input("pressure").addEventListener("change", () => {
    editor.pressure = input("pressure").checked;
    remember("pressure", editor.pressure ? "yes" : "no");
  });
  input("contiguous").addEventListener("change", () => (editor.contiguous = input("contiguous").checked));
  const fill = the("fill-with", HTMLSelectElement);
  fill.addEventListener("change", () => (editor.fillWith = fill.value));
  button("add-class").addEventListener("click", async () => {
    const name = await asked({ title: "New class", name: "", yes: "Add" });
    if (!name) return;
    const hue = ((editor.project?.classes.length ?? 0) * 137.5) % 360;
    const part = (/** @type {number} */ n) => {
      const k = (n + hue / 30) % 12;
      return Math.round(255 * (0.55 - 0.3 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
    };
    await classes({ add: { name, color: [part(0), part(8), part(4)] } });
    editor.pick(editor.valueOf(name));
  });

  for (const section of document.querySelectorAll("#panels section")) fold(/** @type {HTMLElement} */ (section));

  // who pointed at a control goes on with keys in the picture: space moves it, and presses no button again
  for (const area of ["tools", "options", "bottom", "panels"]) {
    box(area).addEventListener("pointerup", ({ target }) => {
      const pointed = "button, input[type=range], .segments, label:has([type=checkbox])";
      if (!(target instanceof Element && target.closest(pointed))) return;
      setTimeout(() => document.querySelector("dialog[open], :popover-open") ?? editor.stage.focus());
    });
  }
  editor.addEventListener("classes", listClasses);
  editor.addEventListener("current", dress);
  editor.addEventListener("objects", listObjects);
  editor.addEventListener("selected", selected);
  editor.addEventListener("tool", tool);
  editor.addEventListener("size", size);
  editor.addEventListener("busy", () => (box("state").textContent = "Saving …"));
  editor.addEventListener("idle", () => (box("state").textContent = "Saved"));
  tool();
}

// Keys, and the list of them.

import { box, button, input, make, the } from "./dom.js";

/** @import {Editor} from "./editor.js" */

const TOOLS = /** @type {Record<string, string>} */ ({
  v: "select",
  w: "bend",
  b: "brush",
  e: "eraser",
  p: "polygon",
  l: "lasso",
  f: "fill",
  u: "superpixels",
  i: "pick",
  m: "merge",
  s: "scribble",
});
const OF_LABELS = ["merge", "scribble"];

const LIST = /** @type {[string, [string, string][]][]} */ ([
  [
    "Tools",
    [
      ["V", "select, move, scale, turn"],
      ["W", "bend"],
      ["B", "brush"],
      ["E", "eraser"],
      ["P", "polygon"],
      ["L", "lasso"],
      ["F", "fill"],
      ["U", "superpixels"],
      ["I", "pick a class"],
      ["M", "merge classes"],
      ["S", "scribble"],
    ],
  ],
  [
    "Painting",
    [
      ["1 … 0", "choose a class"],
      ["[ ]", "smaller, larger"],
      ["Alt wheel", "smaller, larger"],
      ["X", "lock the class"],
      ["F2", "rename the class"],
      ["Esc", "give up a stroke"],
      ["Enter", "close a polygon"],
    ],
  ],
  [
    "Objects",
    [
      ["Drag", "move"],
      ["Alt drag", "copy"],
      ["Shift click", "one more, one less"],
      ["Shift drag", "straight; steps of 15°; free shape"],
      ["N", "next object; Shift: the one before"],
      ["Arrows", "move by a pixel; Shift: by ten"],
      ["Page up, down", "forward, backward; Shift: all the way"],
      ["Ctrl D", "copy"],
      ["Ctrl G", "group; Shift: ungroup"],
      ["Del", "delete"],
    ],
  ],
  [
    "Looking",
    [
      ["H", "hide the labels"],
      ["C", "before and after"],
      ["Wheel", "zoom; also + and −"],
      ["Space drag", "move the picture"],
      ["Two fingers", "zoom and move"],
      ["0", "fit, without a class 10"],
      ["?", "these keys"],
    ],
  ],
  [
    "Everything",
    [
      ["Ctrl Z", "undo"],
      ["Ctrl Shift Z", "redo"],
    ],
  ],
]);

/** @param {Editor} editor */
export function keys(editor) {
  const dialog = the("keys", HTMLDialogElement);
  box("key-list").replaceChildren(
    ...LIST.map(([title, rows]) =>
      make(
        "section",
        {},
        make("h3", {}, title),
        make("dl", {}, ...rows.flatMap(([key, what]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, what)])),
      ),
    ),
  );
  button("help").addEventListener("click", () => dialog.showModal());
  button("undo").addEventListener("click", () => editor.again("undo"));
  button("redo").addEventListener("click", () => editor.again("redo"));

  addEventListener("keyup", (event) => {
    if (event.key === " ") editor.stage.hold(false);
    editor.tool.up(event);
  });
  addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (
      document.querySelector("dialog[open]") ||
      target.matches("input:not([type=range], [type=radio], [type=checkbox]), select")
    )
      return;
    if (event.key === "?") dialog.showModal();
    else if (!editor.remote || !pressed(event, target)) return;
    event.preventDefault();
  });

  /** Whether the key meant something. @param {KeyboardEvent} event @param {Element} target */
  function pressed(event, target) {
    const key = event.key.toLowerCase();
    const third = event.getModifierState("AltGraph"); // which many keyboards need for brackets
    if ((event.ctrlKey || event.metaKey) && !third) {
      if (key === "z") editor.again(event.shiftKey ? "redo" : "undo");
      else if (key === "y") editor.again("redo");
      else if (key === "d") editor.act("duplicate");
      else if (key === "g") editor.act(event.shiftKey ? "ungroup" : "group");
      else return false;
      return true;
    }
    if (event.altKey && !third) return false;
    // what a focused control needs for itself
    if (target.matches("input") && /^(arrow|home|end|page| )/.test(key)) return false;
    if (target.matches("button, a, input, summary") && [" ", "enter"].includes(key)) return false;
    if (key === " ") {
      if (!event.repeat) editor.stage.hold(true);
      return true;
    }
    if (key === "escape" && editor.stage.drop()) return true;
    if (editor.tool.key(event)) return true;
    const classes = editor.project?.classes ?? [];
    if (/^\d$/.test(key) && classes[(Number(key) + 9) % 10]) editor.pick((Number(key) + 9) % 10);
    else if (key === "0") editor.stage.fit();
    else if (key === "[" || key === "]") editor.resize(key === "]" ? 1 : -1);
    else if (key === "+" || key === "=") editor.stage.magnify(1.25);
    else if (key === "-") editor.stage.magnify(0.8);
    else if (key === "h") button("hide").click();
    else if (key === "x") document.querySelectorAll(".lock")[editor.current]?.dispatchEvent(new Event("click"));
    else if (key === "c") compare();
    else if (key === "f2") rename();
    else if (TOOLS[key]) take(TOOLS[key]);
    else return false;
    return true;
  }

  function rename() {
    document.querySelectorAll("#classes .choose")[editor.current]?.dispatchEvent(new Event("dblclick"));
  }

  /** @param {string} tool */
  function take(tool) {
    if (tool !== "pick") {
      const step = OF_LABELS.includes(tool) ? "labels" : "change";
      const radio = document.querySelector(`input[name=step][value=${step}]`);
      if (radio instanceof HTMLInputElement && !radio.checked) radio.click();
    }
    editor.use(tool);
  }

  function compare() {
    const on = document.body.classList.contains("comparing");
    const radio = document.querySelector(`input[name=view][value=${on ? "picture" : "compare"}]`);
    if (radio instanceof HTMLInputElement) radio.click();
    if (!on) input("compare").focus();
  }
  editor.stage.element.addEventListener("dblclick", (event) => {
    if (event.target !== box("divider")) editor.tool.double(editor.stage.point(event));
  });
}

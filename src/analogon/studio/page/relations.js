// The scene in words: a sentence that changes it, and how what is chosen lies to the things near it.

import { announce, box, input, make, the } from "./dom.js";
import { fresh } from "./actions.js";

/** @import {Editor} from "./editor.js" */
/** @import {Relation} from "./types.js" */

/** What a relation can be made, in words of the sentences. */
const CHANGES = ["left of", "right of", "above", "below", "inside", "touching", "in front of", "behind"];

/** Things that are told of. */
const MOST = 4;

/** @param {Editor} editor */
export function relations(editor) {
  const field = input("sentence");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let turn = 0;

  /** @param {string} sentence */
  async function say(sentence) {
    box("say-error").hidden = true;
    if (/\bduplicate\b/.test(sentence)) fresh(editor);
    const why = await editor.speak(sentence);
    box("say-error").textContent = why ?? "";
    box("say-error").hidden = why === null;
    if (why === null) announce(`Done: ${sentence}`);
    return why === null;
  }

  the("say", HTMLFormElement).addEventListener("submit", async (event) => {
    event.preventDefault();
    const [only] = editor.selection;
    let sentence = field.value.trim();
    if (!sentence) return field.focus();
    // of what is chosen its name need not be said
    if (!sentence.includes(":") && only && editor.selection.length === 1) sentence = `${only.name}: ${sentence}`;
    if (await say(sentence)) field.value = "";
  });
  field.addEventListener("input", () => (box("say-error").hidden = true));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") editor.stage.element.focus();
  });

  /** An example with things that there are. */
  function teach() {
    const [only] = editor.selection;
    const things = editor.things.listed().sort((a, b) => b.area - a.area);
    const other = things.find((one) => one !== only);
    const one = things.find((it) => it !== other) ?? other;
    if (!one || !other) field.placeholder = "tree: duplicate, left of house";
    else if (only && editor.selection.length === 1) field.placeholder = `duplicate, left of ${other.name}`;
    else field.placeholder = `${one.name}: left of ${other.name}`;
    field.title = `${only ? `${only.name}: ` : ""}${field.placeholder}`;
  }

  /** How the subject lies to one other thing. @param {Relation[]} all */
  function row([{ subject, predicate, object }, ...more]) {
    const select = make("select", { "aria-label": `${subject}: how it lies to ${object}` });
    const words = CHANGES.includes(predicate) ? CHANGES : [predicate, ...CHANGES];
    select.append(...words.map((word) => make("option", { value: word }, word)));
    select.value = predicate;
    select.addEventListener("change", async () => {
      if (!(await say(`${subject}: ${select.value} ${object}`))) select.value = predicate;
    });
    const name = make("button", { type: "button", class: "quiet", title: `Choose ${object}` }, object);
    if (more.length) name.append(make("small", {}, more.map((one) => one.predicate).join(", ")));
    name.addEventListener("click", () => editor.select(editor.things.named(object)));
    return make("li", {}, select, name);
  }

  async function show() {
    const mine = ++turn;
    const { remote, selection } = editor;
    const only = selection.length === 1 ? selection[0] : null;
    /** @type {Relation[]} */
    let found = [];
    if (only && remote && !editor.queue.length) {
      const told = await remote.scene(only.name).catch(() => null);
      found = told?.relations ?? [];
    }
    if (mine !== turn) return;
    /** @type {Map<string, Relation[]>} */
    const others = new Map();
    for (const one of found) others.set(one.object, [...(others.get(one.object) ?? []), one]);
    box("relations").replaceChildren(...[...others.values()].slice(0, MOST).map(row));
    box("scene-note").textContent = found.length
      ? ""
      : only
        ? "It lies beside nothing: write a sentence to place it."
        : "Say what should be, or choose an object to see and change how it lies to others.";
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(show, 150);
  }
  editor.addEventListener("selected", () => {
    teach();
    later();
  });
  editor.addEventListener("objects", () => {
    teach();
    later();
  });
  editor.addEventListener("opened", () => {
    field.value = "";
    box("say-error").hidden = true;
  });
}

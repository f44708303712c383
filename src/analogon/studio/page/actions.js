// What buttons and keys do to the objects that are chosen.

import { asked, say } from "./dom.js";

/** @import {Editor} from "./editor.js" */
/** @import {Operation} from "./types.js" */

/** @param {Editor} editor @param {string} what */
export async function act(editor, what) {
  editor.tool.settle();
  const whole = editor.selected;
  if (what === "several") {
    editor.several = !editor.several;
    editor.tell("selected");
    return;
  }
  if (!whole) return;
  const { selection } = editor;
  const by = Math.max(Math.round(Math.min(editor.labels.height, editor.labels.width) / 20), 4);
  const fill = editor.fillRule();
  const about = selection.length > 1 ? { about: whole.pivot } : {};
  /** @type {Record<string, Operation>} */
  const known = {
    delete: { do: "delete", ...fill },
    duplicate: { do: "duplicate", right: by, down: by },
    flip: { do: "flip", ...about, ...fill },
    upend: { do: "flip", axis: "top-bottom", ...about, ...fill },
    forward: { do: "arrange", to: "forward" },
    back: { do: "arrange", to: "backward" },
    front: { do: "arrange", to: "front" },
    bottom: { do: "arrange", to: "back" },
    ungroup: { do: "ungroup" },
  };
  if (what === "group") return group(editor);
  if (what === "ungroup") {
    const groups = selection.filter((one) => one.id < 0);
    if (!groups.length) return say("This is no group: choose several objects and group them first.");
    const members = new Set(groups.flatMap((one) => one.members));
    after(editor, () => editor.choose(editor.things.all.filter((one) => members.has(one.id))));
    editor.commit(groups.map((one) => ({ ...known.ungroup, of: one.name })));
    return;
  }
  if (what === "duplicate") fresh(editor);
  // those that go to the back, or behind the next one, go in the order that leaves them in theirs
  const order = editor.things.ordered(selection);
  if (what === "forward" || what === "bottom") order.reverse();
  editor.commit(order.map((one) => ({ ...known[what], of: one.name })));
}

/** @param {Editor} editor */
async function group(editor) {
  const { selection } = editor;
  const count = selection.reduce((sum, one) => sum + one.members.length, 0);
  if (count < 2) {
    say("A group needs two objects: click one more with Shift, or with “Choose several” on.");
    return;
  }
  const taken = new Set([...editor.things.all, ...editor.things.groups].map((one) => one.name));
  let free = "group";
  for (let n = 2; taken.has(free); n++) free = `group ${n}`;
  const text = "Sentences can call the group by its name.";
  const name = await asked({ title: "Group these objects", text, name: free });
  if (!name) return;
  after(editor, () => editor.select(editor.things.named(name)));
  editor.commit([{ do: "group", of: selection.map((one) => one.name), name }]);
}

/** Choose what is new after the next change. @param {Editor} editor */
export function fresh(editor) {
  const { things } = editor;
  const taken = new Set([...things.all, ...things.groups].map((one) => one.name));
  after(editor, () => {
    const made = [...new Set(things.all.filter((one) => !taken.has(one.name)).map((one) => things.whole(one)))];
    if (made.length) editor.choose(made);
  });
}

/** @param {Editor} editor @param {() => void} act */
function after(editor, act) {
  editor.addEventListener("objects", act, { once: true });
}

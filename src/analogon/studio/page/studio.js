// The page: all projects, or one of them in the editor.

import { asked, box, button, icon, input, make, say, the, trying } from "./dom.js";
import { Editor } from "./editor.js";
import { first } from "./first.js";
import { keys } from "./keys.js";
import { making } from "./making.js";
import { panels } from "./panels.js";
import { relations } from "./relations.js";
import * as server from "./server.js";
import { views } from "./views.js";

const editor = new Editor();
panels(editor);
views(editor);
making(editor);
first(editor);
relations(editor);
keys(editor);
server.onSilence((away) => (box("away").hidden = !away));
Object.assign(window, { studio: editor });

/** Show what the address says: #project, or all of them. */
async function route() {
  const id = decodeURIComponent(location.hash.slice(1));
  const opening = id !== "";
  document.body.classList.toggle("starting", !opening);
  box("start").hidden = opening;
  box("editor").hidden = !opening;
  // messages are shown in both places
  (opening ? box("stage") : document.body).append(box("note"));
  box("note").hidden = true;
  if (!opening) {
    editor.close();
    document.body.classList.remove("working");
    document.title = "Analogon studio";
    return trying(list);
  }
  try {
    await editor.open(id);
  } catch (error) {
    location.hash = "";
    setTimeout(() => say(error instanceof Error ? error.message : String(error), "error"), 200);
    return;
  }
  input("title").value = editor.project?.title ?? "";
  document.title = `${editor.project?.title || "Untitled"} – Analogon studio`;
  for (const link of document.querySelectorAll("[data-file]")) {
    const name = /** @type {HTMLElement} */ (link).dataset.file;
    link.setAttribute("href", `${editor.remote?.path}/${name}`);
  }
  step(fresh.delete(id) ? "labels" : "change");
}

/** Projects that were begun just now: they begin with labels. @type {Set<string>} */
const fresh = new Set();

async function list() {
  const projects = await server.projects();
  box("recent").hidden = !projects.length;
  box("projects").replaceChildren(
    ...projects.map(({ id, title, changed, thumbnail, size }) => {
      const then = new Date(changed);
      const today = then.toDateString() === new Date().toDateString();
      const when = today
        ? then.toLocaleTimeString(undefined, { timeStyle: "short" })
        : then.toLocaleDateString(undefined, { dateStyle: "medium" });
      const remove = make(
        "button",
        { type: "button", class: "quiet", "aria-label": `Delete ${title}`, title: "Delete" },
        icon("delete"),
      );
      remove.addEventListener("click", () =>
        trying(async () => {
          const text = "Photo, labels and all that was done to them are removed. This cannot be undone.";
          if (!(await asked({ title: `Delete “${title || "Untitled"}”?`, text, yes: "Delete" }))) return;
          await new server.Remote(id).remove();
          await list();
        }),
      );
      const picture = make("img", { src: thumbnail, alt: "", loading: "lazy" });
      const text = [make("span", {}, title || "Untitled"), make("small", {}, `${size[1]} × ${size[0]}, ${when}`)];
      return make("li", {}, make("a", { href: `#${encodeURIComponent(id)}` }, picture, ...text), remove);
    }),
  );
}

/** @param {File | undefined} file */
function begin(file) {
  if (!file) return;
  trying(async () => {
    const drop = the("drop", HTMLLabelElement);
    drop.querySelector("strong")?.replaceChildren(`Opening ${file.name} and finding its parts …`);
    box("opening").hidden = false;
    document.body.classList.add("working");
    try {
      const project = /\.zip$/i.test(file.name);
      const { id } = project ? await server.bring(file) : await server.create(file, file.name.replace(/\.[^.]*$/, ""));
      if (!project) fresh.add(id);
      location.hash = encodeURIComponent(id);
    } finally {
      document.body.classList.remove("working");
      drop.querySelector("strong")?.replaceChildren("Drop a photo here");
      box("opening").hidden = true;
    }
  });
}

/** @param {string} which */
function step(which) {
  document.body.dataset.step = which;
  const radio = document.querySelector(`input[name=step][value=${which}]`);
  if (radio instanceof HTMLInputElement) radio.checked = true;
  return trying(() => editor.go(which === "labels" ? "labels" : "change"));
}

for (const one of document.querySelectorAll("input[name=step]")) {
  one.addEventListener("change", () => step(/** @type {HTMLInputElement} */ (one).value));
}
for (const name of ["photo-file", "bring-project"]) {
  input(name).addEventListener("change", () => {
    begin(input(name).files?.[0]);
    input(name).value = "";
  });
}
button("home").addEventListener("click", () => (location.hash = ""));
input("title").addEventListener("change", () =>
  trying(() => editor.remote?.change({ title: input("title").value.trim() || "Untitled" })),
);
input("title").addEventListener("keydown", (event) => event.key === "Enter" && input("title").blur());
box("menu").addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("a")) box("menu").hidePopover();
});

addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", (event) => event.relatedTarget === null && document.body.classList.remove("dropping"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  begin(event.dataTransfer?.files[0]);
});
// another tab may have been at work meanwhile
addEventListener("focus", () => trying(() => editor.catchUp()));
editor.addEventListener("gone", () => {
  location.hash = "";
  setTimeout(() => say("This project was deleted in another window.", "error"), 200);
});
addEventListener("hashchange", route);
route();

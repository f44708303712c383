// Finding and making elements.

/**
 * The element with an id, which must be of a kind.
 * @template {Element} T @param {string} id @param {new () => T} kind @returns {T}
 */
export function the(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`The page has no ${kind.name} '${id}'.`);
  return found;
}

/** @param {string} id */
export const button = (id) => the(id, HTMLButtonElement);
/** @param {string} id */
export const input = (id) => the(id, HTMLInputElement);
/** @param {string} id */
export const box = (id) => the(id, HTMLElement);

/**
 * A new element with attributes, and texts or elements in it.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, string | number | boolean>} [attributes] @param {...(Node | string)} inside
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, String(value));
  }
  element.append(...inside);
  return element;
}

/** A picture out of the set in the page. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let hiding;

/** Say something, for a while. @param {string} text @param {"info" | "error"} [kind] */
export function say(text, kind = "info") {
  const note = box("note");
  note.textContent = text;
  note.dataset.kind = kind;
  note.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (note.hidden = true), kind === "error" ? 12000 : 5000);
}

/** Do something, and say what went wrong, if anything did. @param {() => unknown} act */
export async function trying(act) {
  try {
    await act();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), "error");
  }
}

/** Tell those who hear the page. @param {string} text */
export function announce(text) {
  box("spoken").textContent = text;
}

/**
 * Ask in a dialog: for a name, or where none is given whether it is meant; null for no.
 * @param {{title: string, text?: string, name?: string, yes?: string}} what @returns {Promise<string | null>}
 */
export function asked({ title, text = "", name, yes = "OK" }) {
  const dialog = the("asking", HTMLDialogElement);
  const field = input("asking-name");
  box("asking-title").textContent = title;
  box("asking-text").textContent = text;
  box("asking-text").hidden = !text;
  button("asking-yes").textContent = yes;
  button("asking-yes").classList.toggle("grave", name === undefined);
  field.labels?.forEach((one) => (one.hidden = name === undefined));
  field.required = name !== undefined;
  field.value = name ?? "";
  dialog.returnValue = "";
  dialog.showModal();
  if (name !== undefined) field.select();
  return new Promise((done) => {
    const answer = () => (name === undefined ? "yes" : field.value.trim() || null);
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes" ? answer() : null), { once: true });
  });
}

/** What this browser remembers. @param {string} name @param {string} [otherwise] */
export function remembered(name, otherwise = "") {
  try {
    return localStorage.getItem(`analogon-studio/${name}`) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** @param {string} name @param {string | null} value */
export function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(`analogon-studio/${name}`);
    else localStorage.setItem(`analogon-studio/${name}`, value);
  } catch {
    // a browser that stores nothing
  }
}

// How the picture is looked at: with labels over it, beside what it was before, or coloured by where pixels came from.

import { box, button, input, remember, remembered, say, the } from "./dom.js";

/** @import {Editor} from "./editor.js" */

/** @param {Editor} editor */
export function views(editor) {
  const provenance = the("provenance", HTMLImageElement);
  const before = the("before", HTMLCanvasElement);
  let view = "picture";

  function show() {
    document.body.classList.toggle("comparing", view === "compare");
    box("compare-row").hidden = view !== "compare";
    provenance.hidden = view !== "provenance";
    if (view === "provenance" && editor.remote)
      provenance.src = `${editor.remote.path}/provenance.webp?version=${editor.version}`;
    divide();
  }

  function divide() {
    const share = Number(input("compare").value);
    before.style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    const { at, zoom, size } = editor.stage;
    const divider = box("divider");
    divider.style.left = `${at[0] + (share / 100) * size.width * zoom}px`;
    divider.style.top = `${at[1]}px`;
    divider.style.height = `${size.height * zoom}px`;
    // told apart where there is room for it
    const [left, right] = [box("corner-before"), box("corner-after")];
    const top = `${Math.max(at[1], 0) + 10}px`;
    left.style.top = right.style.top = top;
    left.style.left = `${Math.max(at[0], 0) + 10}px`;
    right.style.right = `${Math.max(editor.stage.element.clientWidth - at[0] - size.width * zoom, 0) + 10}px`;
  }

  // labels are made with them in sight, and pictures with less of them
  const kept = () => `opacity/${editor.step}`;
  function fade() {
    box("labels").style.opacity = String(Number(input("opacity").value) / 100);
    remember(kept(), input("opacity").value);
  }
  function faded() {
    input("opacity").value = remembered(kept(), editor.step === "labels" ? "50" : "25");
    fade();
  }

  const handle = box("divider");
  handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
  handle.addEventListener("pointermove", (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const share = editor.stage.point(event)[1] / editor.stage.size.width;
    input("compare").value = String(Math.min(Math.max(share, 0), 1) * 100);
    divide();
  });

  for (const one of document.querySelectorAll("input[name=view]")) {
    one.addEventListener("change", () => {
      view = /** @type {HTMLInputElement} */ (one).value;
      // labels would hide what is compared
      hide(view !== "picture");
      show();
    });
  }
  provenance.addEventListener("error", () => {
    if (view === "provenance")
      say("There is nothing to show yet: change something first, or take a method that copies pixels.");
  });
  input("compare").addEventListener("input", divide);
  editor.stage.element.addEventListener("placed", divide);
  editor.addEventListener("changed", () => view === "provenance" && show());
  editor.addEventListener("step", () => {
    const radio = document.querySelector("input[name=view][value=picture]");
    if (radio instanceof HTMLInputElement && !radio.checked) radio.click();
    faded();
  });
  input("opacity").addEventListener("input", () => {
    hide(false);
    fade();
  });
  faded();

  /** @param {boolean} on */
  function hide(on) {
    document.body.classList.toggle("hidden-labels", on);
    button("hide").setAttribute("aria-pressed", String(on));
    editor.refresh();
  }
  button("hide").addEventListener("click", () => hide(!document.body.classList.contains("hidden-labels")));
  button("fit").addEventListener("click", () => editor.stage.fit());
  button("larger").addEventListener("click", () => editor.stage.magnify(1.25));
  button("smaller").addEventListener("click", () => editor.stage.magnify(0.8));

  /** @param {"dark" | "light"} theme */
  const wear = (theme) => (document.documentElement.dataset.theme = theme);
  const light = matchMedia("(prefers-color-scheme: light)");
  const worn = remembered("theme");
  wear(worn === "light" || (worn !== "dark" && light.matches) ? "light" : "dark");
  button("theme").addEventListener("click", () => {
    const other = document.documentElement.dataset.theme === "light" ? "dark" : "light";
    wear(other);
    remember("theme", other);
  });
}

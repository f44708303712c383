// How the picture is made: method and how long it takes, seed and variants, training that can be watched and cancelled.

import { box, button, input, make, remember, remembered, say, the, trying } from "./dom.js";
import * as server from "./server.js";

/** @import {Editor} from "./editor.js" */
/** @import {Job, Method} from "./types.js" */

/** A time as people say it. @param {number} seconds */
export function spoken(seconds) {
  if (seconds < 1) return "under a second";
  if (seconds < 90) return `about ${Math.round(seconds)} s`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min`;
  return `about ${Math.round(seconds / 3600)} h`;
}

/** How long a picture takes, as far as that is known. @param {Method} one */
function timed(one) {
  if (one.seconds_estimate !== null) return ` (${spoken(one.seconds_estimate)})`;
  return one.learns ? " (trained first)" : "";
}

/** @param {Method} one */
function told({ summary, learns, seconds_estimate: seconds }) {
  const words = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}`.replace(/\.?$/, ".");
  const took = seconds === null ? "" : ` The last picture took ${spoken(seconds).replace("about ", "")}.`;
  const trained = " It learns from the photo first, for as long as you say; until then patches make the picture.";
  return words + (learns ? trained : "") + took;
}

/** @param {Editor} editor */
export function making(editor) {
  const select = the("method", HTMLSelectElement);
  /** @type {Method[]} */
  let known = [];
  /** @type {string | null} */
  let job = null;
  /** @type {WebSocket | null} */
  let socket = null;

  async function methods() {
    known = await server.methods();
    select.replaceChildren(
      ...known.map((one) => {
        const time = one.available === true ? timed(one) : " (not installed)";
        return make("option", { value: one.name, disabled: one.available !== true }, `${one.name}${time}`);
      }),
    );
    describe();
  }

  function describe() {
    const name = editor.project?.method ?? known.find((one) => one.available === true)?.name ?? "";
    select.value = name;
    const method = known.find((one) => one.name === name);
    box("method-note").textContent = method ? told(method) : "";
    box("train-row").hidden = !method?.learns || job !== null;
    const recipes = method?.recipes ?? [];
    box("recipe-row").hidden = recipes.length < 2;
    const recipe = the("recipe", HTMLSelectElement);
    recipe.replaceChildren(...recipes.map((one) => make("option", { value: one }, one)));
    recipe.value = editor.project?.recipe ?? recipes[0] ?? "";
  }

  /** @param {Record<string, unknown>} change */
  const change = (change) =>
    trying(async () => {
      if (!editor.remote || !editor.project) return;
      await editor.remote.change(change);
      Object.assign(editor.project, change);
      describe();
      editor.live?.ask("final", editor.version, []);
    });

  select.addEventListener("change", () => change({ method: select.value, recipe: null }));
  // times are known better after each picture
  editor.addEventListener("made", () => {
    const mine = known.find((one) => one.name === select.value);
    if (mine && mine.seconds_estimate === null && (!mine.learns || job === null)) trying(methods);
  });
  select.addEventListener("pointerenter", () => trying(methods));
  const recipe = the("recipe", HTMLSelectElement);
  recipe.addEventListener("change", () => change({ recipe: recipe.value }));
  input("seed").addEventListener("change", () => {
    const seed = Math.min(Math.max(Math.trunc(Number(input("seed").value) || 0), 0), 4294967295);
    input("seed").value = String(seed);
    change({ seed });
  });

  button("variants").addEventListener("click", () =>
    trying(async () => {
      if (!editor.remote) return;
      const list = box("variant-list");
      list.replaceChildren(make("p", { class: "how" }, "Making four …"));
      button("variants").disabled = true;
      try {
        const variants = await editor.remote.variants(4);
        list.replaceChildren(
          ...variants.map(({ seed, url }) => {
            const one = make(
              "button",
              { type: "button", "aria-label": `Take seed ${seed}`, title: `Seed ${seed}` },
              make("img", { src: url, alt: "" }),
            );
            one.setAttribute("aria-pressed", String(seed === editor.project?.seed));
            one.addEventListener("click", () => {
              input("seed").value = String(seed);
              for (const other of list.children) other.setAttribute("aria-pressed", String(other === one));
              change({ seed });
            });
            return one;
          }),
        );
      } catch (error) {
        list.replaceChildren();
        throw error;
      } finally {
        button("variants").disabled = false;
      }
    }),
  );

  // Training

  /** @param {string | null} id */
  function watch(id) {
    socket?.close();
    socket = null;
    job = id;
    box("job").hidden = !id;
    if (editor.remote) remember(`job/${editor.remote.id}`, id);
    describe();
    if (!id) return;
    box("job-text").textContent = "The training begins …";
    the("job-picture", HTMLImageElement).hidden = true;
    const url = new URL(`api/jobs/${id}/live`, document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const mine = (socket = new WebSocket(url));
    let shown = "";
    mine.onmessage = ({ data }) => {
      /** @type {Job} */
      const said = JSON.parse(data);
      tell(said);
      if (!said.preview || said.preview === shown) return;
      shown = said.preview;
      const picture = the("job-picture", HTMLImageElement);
      picture.src = shown;
      picture.hidden = false;
    };
    mine.onclose = () => {
      if (socket === mine) setTimeout(() => socket === mine && job && look(job), 1500);
    };
  }

  /** Take up a job again, if there still is one. @param {string} id */
  async function look(id) {
    const found = await server.job(id).catch(() => null);
    if (found?.state === "running") watch(id);
    else if (found && job === id) tell(found);
    else watch(null);
  }

  /** @param {Job} said */
  function tell(said) {
    const bar = the("job-bar", HTMLProgressElement);
    const share = said.steps ? (said.step ?? 0) / said.steps : 0;
    bar.value = share;
    const left = said.seconds_left == null ? "" : `, ${spoken(said.seconds_left)} left`;
    box("job-text").textContent = said.steps
      ? `Training: ${Math.round(share * 100)} %${left}`
      : "The training begins …";
    if (said.state === "running") return;
    watch(null);
    if (said.state === "failed") say(said.error ?? "The training failed: look at what the server printed.", "error");
    else
      say(
        said.state === "finished"
          ? "The training is done: this is its picture."
          : said.kept
            ? "The training was cancelled; what it has learnt is kept."
            : "The training was cancelled before it had learnt anything.",
      );
    editor.live?.ask("final", editor.version, []);
  }

  button("train").addEventListener("click", () =>
    trying(async () => {
      const minutes = Math.min(Math.max(Number(input("minutes").value) || 5, 1), 600);
      const begun = await editor.remote?.train({
        method: select.value,
        recipe: editor.project?.recipe ?? null,
        minutes,
      });
      if (begun) watch(begun.job);
    }),
  );
  button("job-cancel").addEventListener("click", () =>
    trying(async () => {
      box("job-text").textContent = "Ending …";
      if (job) await server.cancel(job);
    }),
  );

  editor.addEventListener("opened", () => {
    input("seed").value = String(editor.project?.seed ?? 0);
    box("variant-list").replaceChildren();
    watchKnown();
    trying(methods);
  });
  editor.addEventListener("changed", () => box("variant-list").replaceChildren());
  function watchKnown() {
    const id = editor.project?.job ?? remembered(`job/${editor.remote?.id}`);
    socket?.close();
    socket = job = null;
    box("job").hidden = true;
    if (id) look(id);
  }
}

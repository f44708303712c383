// The screens of a study, one after the other.

import { Memory, Refusal, Watch, ask, plainCode } from "./answers.js";
import { Ranking } from "./ranking.js";
import { Viewer } from "./viewer.js";

const $ = (id) => document.getElementById(id);

const PROMPTS = {
  appearance: "Rank by appearance similarity: which picture looks most like the source?",
  layout: "Rank by layout match: which picture follows the new layout best?",
};
const ENDS = {
  appearance: ["most like the source", "least like it"],
  layout: ["follows the layout best", "follows it worst"],
};
const GAP = 12;
const PHONE = matchMedia("(max-width: 719px)");
const WIDE = matchMedia("(min-width: 900px)");
const SOURCE = 0.34; // share of a wide page that the source has at least
const AGAIN = 2000; // milliseconds until a picture that did not come is asked for again

let study, memory, code;
let screens = [];
let at = 0;
let moves = 0;
let busy = false;
let sure = false; // that an order nobody has moved is right

const watch = new Watch();
const viewer = new Viewer($("viewer"));
const ranking = new Ranking($("cards"), { changed: reordered, announce, enlarge });

async function say(method, path, body) {
  return ask(method, path, { code, body, waiting });
}

/** Tell whether the server is away; `wake` tries at once. */
function waiting(wake) {
  $("trouble").hidden = wake === null;
  $("kept").hidden = !busy;
  $("try-now").onclick = wake;
}

function announce(text) {
  $("announcer").textContent = text;
}

function show(name) {
  for (const main of document.querySelectorAll("main")) main.hidden = main.id !== name;
  scrollTo({ top: 0, behavior: "instant" });
}

function paragraphs(text) {
  return text.split("\n").filter((line) => line.trim()).map((line) => {
    const paragraph = document.createElement("p");
    paragraph.textContent = line;
    return paragraph;
  });
}

// Coming and going

async function open() {
  study = await say("GET", "api/study");
  memory = new Memory(study.study);
  document.title = study.title;
  const linked = plainCode(location.hash);
  if (linked) history.replaceState(null, "", location.pathname + location.search);
  const known = linked || memory.get("code");
  if (known) await enter(known);
  else welcome();
}

function welcome(note = "") {
  code = undefined;
  $("welcome").querySelector("h1").textContent = study.title;
  $("welcome-note").textContent = note;
  $("welcome-note").hidden = !note;
  $("introduction").replaceChildren(...paragraphs(study.introduction));
  $("consent").replaceChildren(...paragraphs(study.consent));
  const count = study.screens === 1 ? "There is one question" : `There are ${study.screens} questions`;
  $("extent").textContent = `${count}. You can stop at any time, and come back later.`;
  show("welcome");
}

async function enter(asked) {
  code = asked;
  try {
    ({ screens } = await say("GET", "api/progress"));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (memory.get("code") === asked) memory.set("code", null);
    welcome(error.message);
    return;
  }
  memory.set("code", code);
  const first = unanswered();
  go(first < 0 ? screens.length : first, true);
}

function unanswered() {
  return screens.findIndex((screen) => !screen.answer);
}

/** Show a screen, and remember it for the browser's own way back. */
function go(place, replace = false) {
  history[replace ? "replaceState" : "pushState"]({ screen: place }, "");
  display(place);
}

addEventListener("popstate", ({ state }) => {
  if (!code || !Number.isInteger(state?.screen)) return;
  if (busy) history.pushState({ screen: at }, "");
  else if (state.screen < screens.length || unanswered() < 0) display(Math.min(state.screen, screens.length));
  else go(unanswered(), true); // the way back of somebody else, who was through
});

// A question

function display(place) {
  at = place;
  if (viewer.dialog.open) viewer.dialog.close();
  if (place >= screens.length) {
    watch.stop();
    show("thanks");
    $("thanks").querySelector("h1").focus();
    return;
  }
  const { criterion, cards, answer } = screens[place];
  const kept = memory.get(draftName());
  // what was begun here is out of date where another device has answered since
  const draft = kept && kept.edit === edits(screens[place]) ? kept : answer;
  moves = draft?.moves ?? 0;
  sure = moves > 0 || Boolean(answer);
  watch.start(draft?.seconds ?? 0);

  $("prompt").textContent = PROMPTS[criterion];
  [$("best").textContent, $("worst").textContent] = ENDS[criterion];
  $("worst").dataset.place = cards.length;
  $("count").textContent = `Question ${place + 1} of ${screens.length}`;
  $("bar").max = screens.length;
  $("bar").value = screens.filter((screen) => screen.answer).length;
  $("back").disabled = place === 0;
  ready();
  $("given").replaceChildren(...given().map(figure));
  $("given").dataset.criterion = criterion;
  ranking.show(cards, draft?.ranking ?? cards.map((card) => card.id));
  show("screen");
  fit();
  arrive();
  $("prompt").focus({ preventScroll: true });
  preload(screens[place + 1]);
}

/** How many answers to a screen are stored already. */
function edits(screen) {
  return screen.answer?.edit ?? 0;
}

/** Drafts are a participant's own: others may use the same browser. */
function draftName() {
  return `draft/${code}/${screens[at].question}/${screens[at].criterion}`;
}

/** What stands at the left: the picture that matters most first. */
function given() {
  const { criterion, source, source_layout: before, target_layout: wanted } = screens[at];
  const found = [{ ...source, title: "Source" }];
  if (before) found.push({ ...before, title: "Its layout" });
  if (wanted) found.push({ ...wanted, title: "New layout" });
  return criterion === "layout" ? [found.at(-1), ...found.slice(0, -1)] : found;
}

function figure(picture, place) {
  const element = document.createElement("figure");
  const button = document.createElement("button");
  const image = document.createElement("img");
  const caption = document.createElement("figcaption");
  button.type = "button";
  button.className = "picture";
  button.setAttribute("aria-label", `Enlarge: ${picture.title}`);
  button.addEventListener("click", () => viewer.open(everything(), place));
  Object.assign(image, { src: picture.url, width: picture.width, height: picture.height, alt: "", draggable: false });
  caption.textContent = picture.title;
  button.append(image);
  element.append(button, caption);
  return element;
}

/** All pictures of the screen, as the viewer turns them. */
function everything() {
  const cards = new Map(screens[at].cards.map((card) => [card.id, card]));
  return [...given(), ...ranking.order.map((id) => ({ ...cards.get(id), title: ranking.title(id) }))];
}

function enlarge(id) {
  viewer.open(everything(), given().length + ranking.order.indexOf(id));
}

function preload(screen) {
  if (!screen) return;
  const { source, source_layout: before, target_layout: wanted, cards } = screen;
  for (const picture of [source, before, wanted, ...cards]) if (picture) new Image().src = picture.url;
}

/** Nothing is ranked before all pictures are there; one that does not come is asked for again. */
function arrive() {
  const pictures = [...$("table").querySelectorAll("img")];
  const missing = "A picture is not here yet …";
  const check = () => {
    const here = pictures.every((one) => one.complete && one.naturalWidth);
    $("next").disabled = busy || !here;
    if (here && $("note").textContent === missing) $("note").textContent = "";
  };
  for (const picture of pictures) {
    const url = picture.getAttribute("src");
    picture.onload = check;
    picture.onerror = () => {
      $("note").textContent = missing;
      setTimeout(() => picture.isConnected && (picture.src = url), AGAIN);
    };
  }
  check();
}

/**
 * As many columns as make the cards largest without scrolling; what is left of a wide page belongs to the source. On a
 * phone cards are rows.
 */
function fit() {
  if ($("screen").hidden) return;
  const [table, list] = [$("table"), $("cards")];
  table.style.removeProperty("grid-template-columns");
  list.style.removeProperty("grid-template-columns");
  if (PHONE.matches) return;
  const { cards } = screens[at];
  const ratio = Math.max(...cards.map((card) => card.width / card.height));
  const caption = list.querySelector(".handle").offsetHeight;
  const gutter = WIDE.matches ? parseFloat(getComputedStyle(table).columnGap) : 0;
  const width = table.clientWidth * (WIDE.matches ? 1 - SOURCE : 1) - gutter;
  const below = document.querySelector("#screen footer").offsetHeight + GAP;
  const height = innerHeight - list.getBoundingClientRect().top - scrollY - below;
  const wide = (columns) => {
    const rows = Math.ceil(cards.length / columns);
    const across = (width - GAP * (columns - 1)) / columns;
    return Math.min(across, ((height - GAP * (rows - 1)) / rows - caption) * ratio);
  };
  const counts = cards.map((_, place) => place + 1);
  let columns = counts.reduce((best, count) => (wide(count) > wide(best) ? count : best));
  let size = wide(columns);
  if (size < 220) {
    columns = Math.max(1, Math.min(cards.length, Math.floor((width + GAP) / (260 + GAP))));
    size = (width - GAP * (columns - 1)) / columns;
  }
  size = Math.floor(size);
  list.style.gridTemplateColumns = `repeat(${columns}, ${size}px)`;
  if (WIDE.matches) table.style.gridTemplateColumns = `minmax(0, 1fr) ${columns * size + (columns - 1) * GAP}px`;
}

addEventListener("resize", fit);

// The answer

function reordered() {
  moves += 1;
  sure = true;
  keep();
  ready();
}

/** Keep what has not been sent yet, should the page be closed. */
function keep() {
  memory.set(draftName(), { ranking: ranking.order, seconds: watch.seconds(), moves, edit: edits(screens[at]) });
}

function ready() {
  const left = screens.filter((screen, place) => place !== at && !screen.answer).length;
  $("next").textContent = left || at < screens.length - 1 ? "Next" : "Finish";
  $("note").textContent = "";
}

async function next() {
  if (busy) return;
  const screen = screens[at];
  if (!sure) {
    sure = true;
    $("note").textContent = "You have not moved any picture.";
    $("next").textContent = "This order is right";
    return;
  }
  if (!screen.answer || screen.answer.ranking.join() !== ranking.order.join()) {
    keep();
    const answer = { ranking: [...ranking.order], seconds: watch.seconds(), moves, edit: edits(screen) + 1 };
    if (!(await save(screen, answer))) return;
  }
  memory.set(draftName(), null);
  const open = unanswered();
  go(at + 1 < screens.length ? at + 1 : open < 0 ? screens.length : open);
}

/** Send an answer until it is stored; false where another one is in its place. */
async function save(screen, answer) {
  hold(true);
  try {
    await say("PUT", `api/answers/${screen.question}/${screen.criterion}`, answer);
    screen.answer = answer;
    return true;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.status !== 409) {
      $("note").textContent = error.message;
      return false;
    }
    memory.set(draftName(), null);
    ({ screens } = await say("GET", "api/progress"));
    display(at);
    $("note").textContent = error.message;
    return false;
  } finally {
    hold(false);
  }
}

/** Between sending an answer and its arrival nothing can be changed. */
function hold(on) {
  busy = on;
  $("screen").classList.toggle("busy", on);
  $("cards").inert = on;
  if (on) $("next").disabled = true;
  else arrive();
  $("back").disabled = on || at === 0;
  if (on) $("note").textContent = "Saving …";
  else if ($("note").textContent === "Saving …") $("note").textContent = "";
}

// Buttons

$("begin").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  const admitted = await say("POST", "api/participants", { consent: true });
  button.disabled = false;
  await enter(admitted.code);
});

$("return").addEventListener("submit", (event) => {
  event.preventDefault();
  enter(plainCode(new FormData(event.target).get("code")));
});

$("next").addEventListener("click", next);
$("back").addEventListener("click", () => {
  keep();
  go(at - 1);
});
$("again").addEventListener("click", () => go(0));

$("pause").addEventListener("click", () => {
  $("link").value = `${location.origin}${location.pathname}#${code}`;
  $("code").textContent = code.match(/.{1,4}/g).join("-");
  $("copy").textContent = "Copy";
  $("later").showModal();
});

$("copy").addEventListener("click", async () => {
  $("link").select();
  try {
    await navigator.clipboard.writeText($("link").value);
    $("copy").textContent = "Copied";
  } catch {
    // the link is selected, and can be copied by hand
  }
});

for (const button of document.querySelectorAll(".forget")) {
  button.addEventListener("click", () => {
    memory.forget();
    $("later").close();
    $("begin").reset();
    history.replaceState(null, "");
    welcome();
  });
}

addEventListener("pagehide", () => code && at < screens.length && !$("screen").hidden && moves && keep());
addEventListener("hashchange", () => location.hash.length > 1 && !busy && open());

open();

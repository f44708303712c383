// One project in the hands of one person: its label map, and the line of operations to the server.

import { act } from "./actions.js";
import { Bending } from "./bending.js";
import { Choosing } from "./choosing.js";
import { box, say, the } from "./dom.js";
import { Merging, Scribble } from "./first.js";
import { Labels } from "./labels.js";
import { Live } from "./live.js";
import { line } from "./outlines.js";
import { Selecting } from "./selecting.js";
import { Refusal, Remote, unpacked } from "./server.js";
import { Stage } from "./stage.js";
import { Brush, Bucket, Eraser, Outline, Painting, Picker, Superpixels, Tool } from "./tools.js";

/** @import {Point} from "./raster.js" */
/** @import {How} from "./stage.js" */
/** @import {Changed, Operation, Project} from "./types.js" */
/**
 * @typedef {object} Wish what is to be stored
 * @property {Operation[]} operations
 * @property {"undo" | "redo"} [undo]
 * @property {string} [sentence]
 * @property {(said: Changed | string) => void} [told] what came of it, or why nothing did
 */

export class Editor extends Choosing {
  constructor() {
    super();
    this.stage = new Stage(this);
    this.overlay = /** @type {CanvasRenderingContext2D} */ (this.stage.overlay.getContext("2d"));
    this.picture = /** @type {CanvasRenderingContext2D} */ (the("picture", HTMLCanvasElement).getContext("2d"));
    this.labels = new Labels(1, 1, the("labels", HTMLCanvasElement));
    this.version = 0;
    /** Whether the photo's own labels are worked on, or the layout. @type {"labels" | "change"} */
    this.step = "change";
    /** Whether `labels.stored` is of this step and version. */
    this.looked = false;
    /** @type {Uint32Array | null} */
    this.superpixels = null;
    /** @type {Wish[]} */
    this.queue = [];
    this.sending = false;
    /** @type {{point: Point, how: How} | null} */
    this.pointer = null;
    /** Whether a preview was wished for that is not stored. */
    this.asked = false;
    /** @type {Record<string, Tool>} */
    this.tools = {
      select: new Selecting(this),
      bend: new Bending(this),
      brush: new Brush(this),
      eraser: new Eraser(this),
      polygon: new Outline(this, false),
      lasso: new Outline(this, true),
      fill: new Bucket(this),
      superpixels: new Superpixels(this),
      pick: new Picker(this),
      merge: new Merging(this),
      scribble: new Scribble(this),
    };
    this.name = this.former = "select";
    /** The tool of the gesture that is under way. */
    this.acting = this.tool;
    /** @type {(shown: {milliseconds: number, number: number, stage: string}) => void} told of each painted picture */
    this.latency = () => {};
    this.stage.element.addEventListener("placed", () => this.refresh());
  }

  get tool() {
    return this.tools[this.name];
  }

  /** @param {string} id */
  async open(id) {
    this.close();
    this.remote = new Remote(id);
    const project = await this.remote.read();
    const [height, width] = project.size;
    for (const name of ["picture", "before"]) Object.assign(the(name, HTMLCanvasElement), { width, height });
    this.labels = new Labels(height, width, the("labels", HTMLCanvasElement));
    const file = await (await fetch(project.photo)).blob();
    const photo = await createImageBitmap(file, { colorSpaceConversion: "none" });
    the("before", HTMLCanvasElement).getContext("2d")?.drawImage(photo, 0, 0, width, height);
    this.picture.drawImage(photo, 0, 0, width, height);
    photo.close();
    this.stage.open(height, width);
    this.current = 0;
    this.locked = new Set();
    await this.reload(project);
    if (this.remote?.id !== id) return; // another one was opened meanwhile
    this.live = new Live(this.remote.path, this.picture, {
      // the server begins with the photo, and says what differs from what it has sent
      begun: (live) => {
        this.picture.drawImage(the("before", HTMLCanvasElement), 0, 0);
        live.ask("final", this.version, []);
      },
      shown: (part, milliseconds) => this.shown(part, milliseconds),
      refused: (sentence, version) => this.refused(sentence, version),
      lost: () => this.catchUp(),
      gone: () => this.tell("gone"),
    });
    this.tell("opened");
  }

  /** Work on the photo's labels, or on the layout. @param {"labels" | "change"} step */
  async go(step) {
    if (step === this.step) return;
    this.use(step === "labels" ? "merge" : "select");
    this.step = step;
    this.choose([]);
    this.tell("step");
    await this.look();
    this.sync();
    this.refresh();
  }

  /** Take the label map that is shown, unless what came meanwhile has brought another. */
  async look() {
    const { step, version, remote } = this;
    this.looked = false;
    const bytes = await remote?.bytes(step === "labels" ? "labels.bin" : "target.bin");
    if (!bytes || step !== this.step || version !== this.version || remote !== this.remote) return;
    this.labels.take(bytes);
    this.looked = true;
  }

  /** The connection was lost: when there is one again, another window may have been at work. */
  async catchUp() {
    const remote = this.remote;
    const now = await remote?.read().catch((error) => {
      if (error instanceof Refusal && error.status === 404) this.tell("gone");
    });
    if (now && remote === this.remote && this.idle && now.version !== this.version) await this.reload(now);
  }

  /** Whether the hand rests and everything is stored. */
  get idle() {
    return !this.queue.length && this.stage.leading === null && !this.tool.held;
  }

  /** What the hand does cannot be shown. @param {string} sentence @param {number} [version] there is another one */
  refused(sentence, version) {
    if (version === undefined) say(sentence, "error");
    else if (this.idle) this.catchUp();
  }

  /** Take everything from the server again. @param {Project} [known] */
  async reload(known) {
    if (!this.remote) return;
    const project = known ?? (await this.remote.read());
    this.project = project;
    this.version = project.version;
    const [superpixels] = await Promise.all([
      this.superpixels ? null : this.remote.bytes("superpixels.bin").catch(() => null),
      this.look(),
    ]);
    if (superpixels) this.superpixels = new Uint32Array(superpixels);
    this.sync();
    this.dress(project.classes);
    await this.learn(project);
    this.live?.ask("final", this.version, []);
  }

  /** Objects after a change. @param {Changed | Project} said */
  async learn(said) {
    if (!this.project || !this.remote) return;
    Object.assign(this.project, { undo: said.undo, redo: said.redo });
    const { version } = said;
    // of a version that is over already there is nothing to learn
    const owners = await this.remote.bytes(`owners.bin?version=${version}`).catch(() => null);
    if (version !== this.version || !owners) return;
    this.things.take(said.objects, said.groups, owners);
    this.refind();
    this.tell("objects");
    this.refresh();
  }

  close() {
    this.live?.close();
    this.live = undefined;
    this.remote = undefined;
    this.superpixels = null;
    this.things.take([], [], null);
    this.choose([]);
    this.queue = [];
  }

  // Operations

  /** Store what has been done. @param {Operation[]} operations */
  commit(operations) {
    this.queue.push({ operations });
    this.refresh();
    return this.deliver();
  }

  /** @param {"undo" | "redo"} which */
  again(which) {
    this.stage.drop();
    this.tool.settle();
    if (!this.queue.length && !this.project?.[which]) return say(`There is nothing to ${which}.`);
    this.queue.push({ operations: [], undo: which });
    return this.deliver();
  }

  /** Say what should be; resolves to why it cannot be done, if so. @param {string} sentence */
  speak(sentence) {
    this.tool.settle();
    return new Promise((/** @type {(why: string | null) => void} */ done) => {
      const told = (/** @type {Changed | string} */ said) => done(typeof said === "string" ? said : null);
      this.queue.push({ operations: [], sentence, told });
      this.deliver();
    });
  }

  /** One thing after another, in order. */
  async deliver() {
    if (this.sending) return;
    this.sending = true;
    try {
      for (let next; (next = this.queue[0]) && this.remote;) {
        this.tell("busy");
        try {
          const said = await this.said(next);
          await this.adopt(said);
          next.told?.(said);
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          if (next.told) next.told(why);
          else {
            say(why, "error");
            this.queue = [next];
            await this.reload();
          }
        }
        this.queue.shift();
      }
    } finally {
      this.sending = false;
      this.tell("idle");
    }
  }

  /** What the server says to it; where another tab was faster, once more after that. @param {Wish} wish */
  async said({ operations, undo, sentence }) {
    const remote = /** @type {Remote} */ (this.remote);
    const say = () => {
      if (undo) return remote.step(undo, this.version);
      if (sentence !== undefined) return remote.say(this.version, sentence, this.fillWith);
      return remote.operate(this.version, operations);
    };
    try {
      return await say();
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 409) throw error;
      const now = await remote.read();
      this.version = now.version;
      await this.look();
      this.dress(now.classes);
      return say();
    }
  }

  /** @param {Changed} said */
  async adopt(said) {
    if (!this.remote) return;
    this.version = said.version;
    const layout = this.looked && this.step === "change" && said.target !== undefined;
    const fits = layout && this.labels.patch(said.changed.box, unpacked(said.target ?? ""));
    if (!fits) await this.look();
    // what is painted meanwhile will be in the next answer
    if (this.queue.length === 1) this.sync();
    if (said.classes) this.dress(said.classes);
    this.live?.ask("final", this.version, []);
    this.tell("changed");
    this.refresh();
    await this.learn(said);
  }

  /** @param {import("./types.js").LabelClass[]} classes */
  dress(classes) {
    if (this.project) this.project.classes = classes;
    this.labels.dress(classes);
    this.current = Math.min(this.current, classes.length - 1);
    this.tell("classes");
  }

  /** Show what is stored, unless the hand is painting. */
  sync() {
    if (this.stage.leading === null && !this.tool.held) this.labels.show();
  }

  /** What the hand did is given up: labels and picture are as they were. */
  forsake() {
    if (!this.queue.length) this.labels.show();
    if (this.asked && this.remote) this.live?.ask("final", this.version, []);
    this.asked = false;
    this.refresh();
  }

  /** The hand moves: show it, and wish for a preview. @param {Operation[]} operations */
  drew(operations) {
    this.refresh();
    if (!operations.length || this.queue.length) return;
    this.asked = true;
    this.live?.ask("preview", this.version, operations);
  }

  /** @param {import("./live.js").Part} part @param {number} milliseconds since it was wished for */
  shown(part, milliseconds) {
    this.latency({ milliseconds, number: part.number, stage: part.stage });
    box("quality").dataset.stage = part.stage;
    box("quality").textContent = { draft: "Draft", preview: "Preview", final: "Final" }[part.stage] ?? "";
    if (part.stage === "final") this.tell("made");
  }

  /** What buttons do. @param {string} what */
  act = (what) => act(this, what);
  /** @param {string} name */
  use(name) {
    if (!this.tools[name] || name === this.name) return;
    this.stage.drop();
    this.tool.leave();
    if (this.name !== "pick") this.former = this.name;
    this.name = name;
    this.tell("tool");
    this.refresh();
  }

  // The hand

  /** @param {Point} point @param {How} how */
  begin(point, how) {
    // the other end of a pen erases, whatever paints
    this.acting = how.eraser && this.tool instanceof Painting ? this.tools.eraser : this.tool;
    if (this.remote) this.acting.begin(point, how);
  }
  /** @param {Point} point @param {How} how */
  move(point, how) {
    this.acting.move(point, how);
  }
  end() {
    this.acting.end();
    if (!this.queue.length) this.labels.show();
    this.refresh();
  }
  cancel() {
    this.acting.cancel();
  }
  /** @param {Point | null} point @param {How} how */
  hover(point, how) {
    this.pointer = point && { point, how };
    if (this.tool instanceof Outline) this.tool.hover(point);
    if (point && this.tool instanceof Selecting && !this.stage.space) {
      this.stage.element.style.cursor = this.tool.cursor(point);
    } else this.stage.element.style.cursor = "";
    this.refresh();
  }
  /** @param {number} by steps larger or smaller */
  resize(by) {
    this.grow(this.name === "eraser" ? "eraser" : "brush", by);
  }

  // Drawing

  /** Draw with the next frame. */
  refresh() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.labels.draw();
      this.decorate();
    });
  }

  decorate() {
    const on = this.overlay;
    on.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    on.clearRect(0, 0, on.canvas.width, on.canvas.height);
    if (!this.project || !this.remote) return;
    // who compares pictures wants to see nothing else
    const compared = document.body.classList.contains("hidden-labels") && this.stage.leading === null;
    if (!compared || !(this.tool instanceof Selecting)) this.tool.decorate(on);
    const ring = this.tool.ring();
    if (ring === null || !this.pointer || this.stage.space || this.pointer.how.touch) return;
    const [x, y] = this.toWindow(this.pointer.point);
    on.beginPath();
    on.arc(x, y, Math.max(ring * this.stage.zoom, 1), 0, 7);
    line(on);
  }

  /** @param {Point} point @returns {[number, number]} x, y on the stage */
  toWindow([y, x]) {
    const { at, zoom } = this.stage;
    return [at[0] + x * zoom, at[1] + y * zoom];
  }
}

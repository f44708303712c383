// One project in the hands of one person: its label map, what is chosen, and the line of operations to the server.

import { box, say, the } from "./dom.js";
import { Labels } from "./labels.js";
import { Live } from "./live.js";
import { Selecting, act } from "./selecting.js";
import { Refusal, Remote, unpacked } from "./server.js";
import { Stage } from "./stage.js";
import { Things } from "./things.js";
import { Brush, Bucket, Eraser, Outline, Painting, Picker, Superpixels, Tool } from "./tools.js";
import { Merging, Scribble } from "./first.js";

/** @import {Point} from "./raster.js" */
/** @import {How} from "./stage.js" */
/** @import {Changed, Operation, Project, Thing} from "./types.js" */

export class Editor extends EventTarget {
  constructor() {
    super();
    this.stage = new Stage(this);
    this.overlay = /** @type {CanvasRenderingContext2D} */ (this.stage.overlay.getContext("2d"));
    this.picture = /** @type {CanvasRenderingContext2D} */ (the("picture", HTMLCanvasElement).getContext("2d"));
    /** The label map that is shown and painted. */
    this.labels = new Labels(1, 1, the("labels", HTMLCanvasElement));
    this.version = 0;
    this.radius = { brush: 12, eraser: 16 };
    this.things = new Things(
      () => this.labels,
      () => this.project?.classes ?? [],
    );
    this.ownerless = false;
    this.pressure = true;
    this.contiguous = true;
    this.current = 0;
    this.fillWith = "behind";
    /** @type {Set<string>} names of classes that stay */
    this.locked = new Set();
    /** @type {Thing | null} */
    this.selected = null;
    /** @type {Uint32Array | null} */
    this.superpixels = null;
    /** @type {{operations: Operation[], undo?: "undo" | "redo"}[]} */
    this.queue = [];
    this.sending = false;
    /** @type {{point: Point, how: How} | null} */
    this.pointer = null;
    /** Whether a preview was wished for that is not stored. */
    this.asked = false;
    /** @type {Record<string, Tool>} */
    this.tools = {
      select: new Selecting(this),
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
    for (const name of ["picture", "before"]) {
      const canvas = the(name, HTMLCanvasElement);
      canvas.width = width;
      canvas.height = height;
    }
    this.labels = new Labels(height, width, the("labels", HTMLCanvasElement));
    const file = await (await fetch(project.photo)).blob();
    const photo = await createImageBitmap(file, { colorSpaceConversion: "none" });
    the("before", HTMLCanvasElement).getContext("2d")?.drawImage(photo, 0, 0, width, height);
    this.picture.drawImage(photo, 0, 0, width, height);
    photo.close();
    this.stage.open(height, width);
    this.current = 0;
    this.selected = null;
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
    });
    this.tell("opened");
  }

  /** Take everything from the server again. @param {Project} [known] */
  async reload(known) {
    if (!this.remote) return;
    const project = known ?? (await this.remote.read());
    this.project = project;
    this.version = project.version;
    this.things.connectivity = project.connectivity ?? 8;
    const [target, superpixels] = await Promise.all([
      this.remote.bytes("target.bin"),
      this.superpixels ? null : this.remote.bytes("superpixels.bin").catch(() => null),
    ]);
    if (superpixels) this.superpixels = new Uint32Array(superpixels);
    this.labels.take(target);
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
    const owners = this.ownerless
      ? null
      : await this.remote.bytes(`owners.bin?version=${version}`).catch((error) => {
          this.ownerless = error instanceof Refusal && error.status === 404;
          return null;
        });
    if (version !== this.version) return;
    this.things.take(said.objects, owners);
    this.selected = this.things.named(this.selected?.name);
    this.tell("objects");
    this.refresh();
  }

  close() {
    this.live?.close();
    this.live = undefined;
    this.remote = undefined;
    this.superpixels = null;
    this.things.take([], null);
    this.ownerless = false;
    this.queue = [];
  }

  /** @param {string} what */
  tell(what) {
    this.dispatchEvent(new Event(what));
  }

  // Operations

  /** Store what has been done. @param {Operation[]} operations */
  commit(operations) {
    this.queue.push({ operations });
    this.refresh();
    return this.deliver();
  }

  /** @param {"undo" | "redo"} which */
  step(which) {
    this.stage.drop();
    this.queue.push({ operations: [], undo: which });
    return this.deliver();
  }

  /** One thing after another, in order. */
  async deliver() {
    if (this.sending) return;
    this.sending = true;
    try {
      for (let next; (next = this.queue[0]) && this.remote;) {
        this.tell("busy");
        try {
          await this.adopt(await this.said(next));
        } catch (error) {
          say(error instanceof Error ? error.message : String(error), "error");
          this.queue = [next];
          await this.reload();
        }
        this.queue.shift();
      }
    } finally {
      this.sending = false;
      this.tell("idle");
    }
  }

  /** What the server says to it; where another tab was faster, once more after that. @param {Editor["queue"][0]} one */
  async said({ operations, undo }) {
    const remote = /** @type {Remote} */ (this.remote);
    const say = () => (undo ? remote.step(undo, this.version) : remote.operate(this.version, operations));
    try {
      return await say();
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 409) throw error;
      const [now, target] = await Promise.all([remote.read(), remote.bytes("target.bin")]);
      this.version = now.version;
      this.labels.take(target);
      this.dress(now.classes);
      return say();
    }
  }

  /** @param {Changed} said */
  async adopt(said) {
    if (!this.remote) return;
    this.version = said.version;
    const fits = said.target !== undefined && this.labels.patch(said.changed.box, unpacked(said.target));
    if (!fits) this.labels.take(await this.remote.bytes("target.bin"));
    // what is painted meanwhile is on its way, and will be in the next answer
    if (this.queue.length === 1) this.sync();
    if (said.classes) this.dress(said.classes);
    const learned = this.learn(said);
    this.live?.ask("final", this.version, []);
    this.tell("changed");
    this.refresh();
    await learned;
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
    if (this.stage.leading === null) this.labels.show();
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
    box("quality").textContent = { draft: "Draft", preview: "Preview", final: "Final" }[part.stage] ?? "";
  }

  /** What the buttons for objects do. @param {string} what */
  act(what) {
    act(this, what);
  }

  // What is chosen

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

  /** @param {number} place of a class */
  pick(place) {
    if (!this.project || place < 0 || place >= this.project.classes.length) return;
    this.current = place;
    this.tell("current");
    this.refresh();
  }

  /** @param {Thing | null} thing */
  select(thing) {
    if (this.selected === thing) return;
    this.selected = thing;
    this.tell("selected");
    this.refresh();
  }

  currentName() {
    return this.project?.classes[this.current]?.name ?? "";
  }
  /** @param {string} name */
  valueOf(name) {
    return this.project?.classes.findIndex((one) => one.name === name) ?? -1;
  }
  lockedValues() {
    return new Set([...this.locked].map((name) => this.valueOf(name)));
  }
  lockedNames() {
    return this.locked.size ? { locked: [...this.locked] } : {};
  }
  fillRule() {
    return this.fillWith === "behind" ? {} : { fill: this.fillWith };
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
    const kind = this.name === "eraser" ? "eraser" : "brush";
    const size = this.radius[kind];
    const next = by > 0 ? Math.max(size + 0.5, size * 1.15) : Math.min(size - 0.5, size / 1.15);
    this.radius[kind] = Math.min(Math.max(Math.round(next * 2) / 2, 0.5), 500);
    this.tell("size");
    this.refresh();
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
    this.tool.decorate(on);
    const ring = this.tool.ring();
    if (ring === null || !this.pointer || this.stage.space || this.pointer.how.touch) return;
    const [x, y] = this.toWindow(this.pointer.point);
    on.beginPath();
    on.arc(x, y, Math.max(ring * this.stage.zoom, 1), 0, 7);
    this.line(on);
  }

  /** A line that is seen on any ground. @param {CanvasRenderingContext2D} on */
  line(on) {
    on.lineJoin = "round";
    on.lineWidth = 3;
    on.strokeStyle = "rgb(0 0 0 / 70%)";
    on.stroke();
    on.lineWidth = 1.5;
    on.strokeStyle = "#fff";
    on.stroke();
  }

  /** @param {Point} point @returns {[number, number]} x, y on the stage */
  toWindow([y, x]) {
    const { at, zoom } = this.stage;
    return [at[0] + x * zoom, at[1] + y * zoom];
  }
}

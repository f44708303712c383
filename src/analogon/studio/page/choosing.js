// What is chosen: a class to paint with, objects, sizes, and what stays as it is.

import { announce, say } from "./dom.js";
import { Things } from "./things.js";

/** @import {Labels} from "./labels.js" */
/** @import {Point} from "./raster.js" */
/** @import {Project, Thing} from "./types.js" */

export class Choosing extends EventTarget {
  constructor() {
    super();
    /** @type {Project | undefined} */
    this.project = undefined;
    /** The label map that is shown and painted. @type {Labels} */
    this.labels = /** @type {any} */ (undefined);
    this.things = new Things(() => this.labels);
    this.radius = { brush: 12, eraser: 16 };
    this.pressure = true;
    this.contiguous = true;
    /** Place of the class to paint with. */
    this.current = 0;
    this.fillWith = "behind";
    /** @type {Set<string>} names of classes that stay */
    this.locked = new Set();
    /** @type {Thing[]} */
    this.selection = [];
    /** Whether a click chooses one more. */
    this.several = false;
    /** @type {Thing | null} */
    this.whole = null;
  }

  /** @param {string} what */
  tell(what) {
    this.dispatchEvent(new Event(what));
  }

  /** Draw with the next frame. */
  refresh() {}

  /** All objects that are chosen as one, or null. */
  get selected() {
    if (!this.selection.length) return null;
    return (this.whole ??= this.things.together(this.selection));
  }

  /** @param {Thing | null} thing */
  select(thing) {
    this.choose(thing ? [thing] : []);
  }

  /** One more, or one less. @param {Thing} thing */
  toggle(thing) {
    const has = this.selection.includes(thing);
    const rest = this.selection.filter((one) => one !== thing);
    // a thing is never chosen twice, by itself and in a group
    const apart = rest.filter((one) => !one.members.some((id) => thing.members.includes(id)));
    this.choose(has ? rest : [...apart, thing]);
  }

  /** @param {Thing[]} things */
  choose(things) {
    if (things.length === this.selection.length && things.every((one, n) => one === this.selection[n])) return;
    this.selection = things;
    this.whole = null;
    if (things.length) announce(`${this.selected?.name} chosen. Arrow keys move it.`);
    this.tell("selected");
    this.refresh();
  }

  /** What a click at a point would choose: an object, or its group; nothing of a class that is locked.
   * @param {Point} point @param {boolean} [quiet] */
  touched(point, quiet = false) {
    const thing = this.things.at(point);
    if (!thing) return null;
    if (this.locked.has(thing.class)) {
      if (!quiet) say(`'${thing.class}' is locked: open its lock in the list of classes to move it.`);
      return null;
    }
    // of a group, one that was chosen alone stays so
    return this.selection.includes(thing) ? thing : this.things.whole(thing);
  }

  /** After a change: the same ones, as they are now. */
  refind() {
    const found = this.selection.map((one) => this.things.named(one.name)).filter((one) => one !== null);
    this.selection = found;
    this.whole = null;
  }

  /** @param {number} place of a class */
  pick(place) {
    if (!this.project || place < 0 || place >= this.project.classes.length) return;
    this.current = place;
    this.tell("current");
    this.refresh();
  }

  /** @param {"brush" | "eraser"} kind @param {number} by steps larger or smaller */
  grow(kind, by) {
    const size = this.radius[kind];
    const next = by > 0 ? Math.max(size + 0.5, size * 1.15) : Math.min(size - 0.5, size / 1.15);
    this.radius[kind] = Math.min(Math.max(Math.round(next * 2) / 2, 0.5), 500);
    this.tell("size");
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
}

// The objects of the layout as the server last told of them: which is where, and how deep it lies.

import { fill } from "./raster.js";

/** @import {Labels} from "./labels.js" */
/** @import {Point} from "./raster.js" */
/** @import {LabelClass, SaidThing, Thing} from "./types.js" */

export class Things {
  /** From the back to the front. @type {Thing[]} */ all = [];
  /** The id of the object that is seen at each pixel, where the server tells. @type {Int32Array | null} */ owners =
    null;
  connectivity = 8;

  /** @param {() => Labels} labels @param {() => LabelClass[]} classes */
  constructor(labels, classes) {
    this.labels = labels;
    this.classes = classes;
  }

  /** @param {SaidThing[]} said @param {ArrayBuffer | null} owners */
  take(said, owners) {
    this.all = said.map((one) => ({ ...one, class: one.class_name ?? String(one.class) }));
    this.owners = owners && new Int32Array(owners);
  }

  /** @param {string | undefined} name */
  named(name) {
    return this.all.find((one) => one.name === name) ?? null;
  }

  /** Depth of each object by its id, the back first. @returns {Map<number, number>} */
  depths() {
    return new Map(this.all.map((one, depth) => [one.id, depth]));
  }

  /** The object that is seen at a point. @param {Point} point @returns {Thing | null} */
  at([y, x]) {
    const labels = this.labels();
    const place = labels.place([y, x]);
    if (place === null) return null;
    if (this.owners) return this.all.find((one) => one.id === this.owners?.[place]) ?? null;
    const name = this.classes()[labels.values[place]]?.name;
    const holds = (/** @type {Thing} */ { box: [t, l, b, r] }) => y >= t && y < b && x >= l && x < r;
    return [...this.all].reverse().find((one) => one.class === name && holds(one)) ?? null;
  }

  /** Where an object is seen. @param {Thing} thing */
  maskOf(thing) {
    const labels = this.labels();
    const mask = new Uint8Array(labels.values.length);
    if (this.owners) {
      this.owners.forEach((one, place) => one === thing.id && (mask[place] = 1));
      return mask;
    }
    // without owners: the first connected region of its class in its box
    const value = this.classes().findIndex((one) => one.name === thing.class);
    const [top, left, bottom, right] = thing.box;
    for (let row = Math.max(top, 0); row < Math.min(bottom, labels.height); row++) {
      for (let column = Math.max(left, 0); column < Math.min(right, labels.width); column++) {
        const place = row * labels.width + column;
        if (labels.values[place] !== value) continue;
        fill(labels, labels.values, place, true, this.connectivity, (at) => (mask[at] = 1));
        return mask;
      }
    }
    return mask;
  }
}

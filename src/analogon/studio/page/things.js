// The objects of the layout as the server last told of them: which is where, how deep it lies, and what is grouped.

/** @import {Labels} from "./labels.js" */
/** @import {Point} from "./raster.js" */
/** @import {SaidGroup, SaidThing, Thing} from "./types.js" */

export class Things {
  /** From the back to the front. @type {Thing[]} */ all = [];
  /** @type {Thing[]} */ groups = [];
  /** The id of the object that is seen at each pixel. @type {Int32Array | null} */ owners = null;

  /** @param {() => Labels} labels */
  constructor(labels) {
    this.labels = labels;
  }

  /** @param {SaidThing[]} said @param {SaidGroup[]} groups @param {ArrayBuffer | null} owners */
  take(said, groups, owners) {
    this.all = said.map(({ id, name, class_name, box, pivot, area, arranged }) => ({
      ...{ id, name, box, pivot, area, arranged },
      class: class_name,
      members: [id],
    }));
    this.groups = groups.map(({ name, members, pivot }, n) => {
      const whole = this.together(this.all.filter((one) => members.includes(one.id)));
      return { ...whole, id: -1 - n, name, pivot };
    });
    this.owners = owners && new Int32Array(owners);
  }

  /** Several things as one. @param {Thing[]} things @returns {Thing} */
  together(things) {
    if (things.length === 1) return things[0];
    const side = (/** @type {number} */ n, /** @type {(...all: number[]) => number} */ most) =>
      most(...things.map((one) => one.box[n]));
    const [top, left, bottom, right] = [side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)];
    return {
      id: 0,
      name: `${things.length} objects`,
      class: "",
      members: things.flatMap((one) => one.members),
      box: [top, left, bottom, right],
      pivot: [(top + bottom) / 2, (left + right) / 2],
      area: things.reduce((sum, one) => sum + one.area, 0),
      arranged: things.some((one) => one.arranged),
    };
  }

  /** @param {string | undefined} name */
  named(name) {
    return this.all.find((one) => one.name === name) ?? this.groups.find((one) => one.name === name) ?? null;
  }

  /** The group that an object is in, or else itself. @param {Thing} thing */
  whole(thing) {
    return this.groups.find((one) => one.members.includes(thing.id)) ?? thing;
  }

  /** Objects that are in no group, and groups, each where its frontmost object is. @returns {Thing[]} */
  listed() {
    const wholes = [...this.all].reverse().map((one) => this.whole(one));
    return [...new Set(wholes)];
  }

  /** Things from the back to the front. @param {Thing[]} things */
  ordered(things) {
    const depths = new Map(this.all.map((one, depth) => [one.id, depth]));
    const deep = (/** @type {Thing} */ one) => Math.max(...one.members.map((id) => depths.get(id) ?? 0));
    return [...things].sort((a, b) => deep(a) - deep(b));
  }

  /** Whether a thing comes before what it is dragged over: not a background, which is as wide or as high as the picture,
   * nor what somebody has put in its depth. @param {Thing} thing */
  rises({ box: [top, left, bottom, right], arranged }) {
    const { height, width } = this.labels();
    return !arranged && bottom - top < height && right - left < width;
  }

  /** The depth below which all is covered by a thing that is raised: that of the first one before it that is arranged.
   * @param {Thing} thing */
  ceiling(thing) {
    const last = Math.max(...thing.members.map((id) => this.all.findIndex((one) => one.id === id)));
    const first = this.all.findIndex((one, depth) => depth > last && one.arranged);
    return first < 0 ? this.all.length : first;
  }

  /** The object that is seen at a point. @param {Point} point @returns {Thing | null} */
  at(point) {
    const place = this.labels().place(point);
    const id = place === null ? undefined : this.owners?.[place];
    return this.all.find((one) => one.id === id) ?? null;
  }

  /** Where an object or several are seen. @param {Thing} thing */
  maskOf(thing) {
    const mask = new Uint8Array(this.labels().values.length);
    const [only] = thing.members;
    if (thing.members.length === 1) this.owners?.forEach((one, place) => one === only && (mask[place] = 1));
    else {
      const members = new Set(thing.members);
      this.owners?.forEach((one, place) => members.has(one) && (mask[place] = 1));
    }
    return mask;
  }
}

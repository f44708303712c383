// What the server says, as types.

/** @typedef {{id: number, name: string, color: [number, number, number]}} LabelClass */
/**
 * An object of the layout, or a group of them.
 * @typedef {object} Thing
 * @property {number} id of a group a negative number
 * @property {string} name
 * @property {string} class the name of its class; of a group: empty
 * @property {number[]} members ids of its objects
 * @property {[number, number, number, number]} box top, left, bottom, right
 * @property {[number, number]} pivot row, column
 * @property {number} area in pixels
 * @property {boolean} arranged whether somebody has chosen its depth
 */
/**
 * One as the server says it.
 * @typedef {object} SaidThing
 * @property {number} id
 * @property {string} name
 * @property {string} class_name
 * @property {[number, number, number, number]} box
 * @property {[number, number]} pivot
 * @property {number} area
 * @property {boolean} arranged
 */
/** @typedef {{name: string, members: number[], pivot: [number, number]}} SaidGroup */
/** @typedef {{subject: string, predicate: string, object: string}} Relation */
/** @typedef {Record<string, unknown> & {do: string}} Operation one of analogon.layout, as JSON */
/**
 * @typedef {object} Project
 * @property {string} id
 * @property {string} title
 * @property {[number, number]} size height, width
 * @property {LabelClass[]} classes
 * @property {number} version
 * @property {string | null} [method]
 * @property {string | null} [recipe]
 * @property {Record<string, unknown>} [settings]
 * @property {number} seed
 * @property {SaidThing[]} objects from the back to the front
 * @property {SaidGroup[]} groups
 * @property {number} undo
 * @property {number} redo
 * @property {string} photo
 * @property {string} labels
 * @property {{classes: number}} [segment]
 * @property {string | null} [job]
 */
/**
 * @typedef {object} Changed what operations, undo and redo answer
 * @property {number} version
 * @property {{box: [number, number, number, number]}} changed
 * @property {string} [target] the label map in this box, base64
 * @property {LabelClass[]} [classes] where they may have changed
 * @property {SaidThing[]} objects
 * @property {SaidGroup[]} groups
 * @property {number} undo
 * @property {number} redo
 * @property {Operation[]} [operations] what a sentence meant
 */
/** @typedef {{id: string, title: string, changed: string, size: [number, number], thumbnail: string}} Summary */
/**
 * @typedef {{name: string, summary: string, recipes?: string[], learns: boolean, available: boolean | string,
 *   seconds_estimate: number | null}} Method
 */
/**
 * @typedef {{job: string, state: "running" | "finished" | "cancelled" | "failed", step?: number | null,
 *   steps?: number | null, seconds_left?: number | null, preview?: string | null, error?: string | null,
 *   kept: boolean}} Job
 */

export {};

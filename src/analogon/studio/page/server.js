// What is said to the server. Whoever asks gets an answer or a Refusal in one sentence; silence is waited out.

/** @import {Project, Changed, Summary, Method, Job, Operation, Relation} from "./types.js" */

const PAUSES = [500, 1000, 2000, 4000];
/** Bytes that can be sent at once. */
const LARGEST = 64 << 20;

/** The server understood and said no. */
export class Refusal extends Error {
  /** @param {number} status @param {string} sentence */
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

/** Told whether the server is away. @type {(away: boolean) => void} */
let noticed = () => {};

/** @param {boolean} away */
export const silent = (away) => noticed(away);

/** @param {(away: boolean) => void} notice */
export function onSilence(notice) {
  noticed = notice;
}

/**
 * @param {string} path @param {RequestInit} [options] @param {boolean} [patient] whether silence is waited out
 * @returns {Promise<Response>}
 */
async function ask(path, options = {}, patient = true) {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(path, { cache: "no-store", ...options }).catch(() => null);
    if (response && ![502, 503, 504].includes(response.status)) {
      noticed(false);
      if (response.ok) return response;
      const said = await response.json().catch(() => null);
      throw new Refusal(response.status, said?.error ?? "The server could not do that: look at what it printed.");
    }
    noticed(true);
    if (!patient) throw new Refusal(0, "The server does not answer: look whether it still runs.");
    await new Promise((wake) => setTimeout(wake, PAUSES[Math.min(attempt, PAUSES.length - 1)]));
  }
}

/** @param {string} path @returns {Promise<any>} */
const get = async (path) => (await ask(path)).json();

/** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
async function send(method, path, body) {
  // where silence is waited out, the server may have heard it the first time: the key tells
  const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  const response = await ask(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  return response.status === 204 ? null : response.json().catch(() => null);
}

/** @param {string} path @param {Blob} body @returns {Promise<any>} */
async function upload(path, body) {
  if (body.size > LARGEST) throw new Refusal(413, "This file has over 64 MiB: make it smaller.");
  const headers = { "Content-Type": body.type || "application/octet-stream" };
  return (await ask(path, { method: "POST", headers, body }, false)).json();
}

/** @returns {Promise<Method[]>} */
export const methods = () => get("api/methods");
/** @returns {Promise<Summary[]>} */
export const projects = () => get("api/projects");
/** @param {Blob} photo @param {string} title @returns {Promise<{id: string}>} */
export const create = (photo, title) => upload(`api/projects?title=${encodeURIComponent(title)}`, photo);
/** @param {Blob} file @returns {Promise<{id: string}>} */
export const bring = (file) => upload("api/import", file);
/** Those that were installed beside the studio's own. @returns {Promise<string[]>} */
export const segmenters = () => get("api/segmenters");
/** @param {string} job @returns {Promise<Job>} */
export const job = (job) => get(`api/jobs/${job}`);
/** @param {string} job */
export const cancel = (job) => send("DELETE", `api/jobs/${job}`);

/** All that can be asked about one project. */
export class Remote {
  /** @param {string} id */
  constructor(id) {
    this.id = id;
    this.path = `api/projects/${encodeURIComponent(id)}`;
  }

  /** @returns {Promise<Project>} */
  read() {
    return get(this.path);
  }
  /** @param {Record<string, unknown>} change @returns {Promise<any>} */
  change(change) {
    return send("PATCH", this.path, change);
  }
  remove() {
    return send("DELETE", this.path);
  }
  /** @param {number} version @param {Operation[]} operations @returns {Promise<Changed>} */
  operate(version, operations) {
    return send("POST", `${this.path}/operations`, { version, operations });
  }
  /** Change the layout by a sentence. @param {number} version @param {string} text
   * @param {string} fill what objects leave behind @returns {Promise<Changed>} */
  say(version, text, fill) {
    return send("POST", `${this.path}/sentence`, { version, text, fill });
  }
  /** How one thing lies to those near it. @param {string} name @returns {Promise<{relations: Relation[]}>} */
  scene(name) {
    return get(`${this.path}/scene?of=${encodeURIComponent(name)}`);
  }
  /** @param {"undo" | "redo"} which @param {number} version @returns {Promise<Changed>} */
  step(which, version) {
    return send("POST", `${this.path}/${which}`, { version });
  }
  /** @param {{classes?: number, segmenter?: string}} how @returns {Promise<{dropped?: number}>} */
  segment(how) {
    return send("POST", `${this.path}/labels`, how);
  }
  /** @param {Blob} png @returns {Promise<any>} */
  takeLabels(png) {
    return upload(`${this.path}/labels`, png);
  }
  /** @param {Record<string, unknown>} change @returns {Promise<any>} */
  classes(change) {
    return send("POST", `${this.path}/classes`, change);
  }
  /** @param {{class: number, points: [number, number][], radius: number}[]} strokes @returns {Promise<any>} */
  scribble(strokes) {
    return send("POST", `${this.path}/scribbles`, { strokes });
  }
  /** @param {Record<string, unknown>} wish @returns {Promise<{job: string}>} */
  train(wish) {
    return send("POST", `${this.path}/jobs`, wish);
  }
  /** @param {number} seeds @returns {Promise<{seed: number, url: string}[]>} */
  variants(seeds) {
    return get(`${this.path}/variants?seeds=${seeds}`);
  }
  /** @param {string} name @returns {Promise<ArrayBuffer>} */
  async bytes(name) {
    return (await ask(`${this.path}/${name}`)).arrayBuffer();
  }
}

/** @param {string} text base64 @returns {ArrayBuffer} */
export const unpacked = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;

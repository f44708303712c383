// What is said to the server, and what is kept on this device until the server has it.

const PAUSES = [500, 1000, 2000, 4000, 8000];
const PATIENCE = 10000;

/** The server understood and said no. */
export class Refusal extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

/**
 * Ask the server until it answers. `waiting(wake)` is called when it is away, with a function that tries at once, and
 * `waiting(null)` when it is back. Throws a Refusal where the server says no.
 */
export async function ask(method, path, { code, body, waiting }) {
  const options = { method, headers: {}, cache: "no-store" };
  if (code) options.headers.Authorization = `Bearer ${code}`;
  if (body) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  for (let attempt = 0; ; attempt++) {
    const answer = await once(path, options);
    if (answer) {
      waiting(null);
      if (answer.ok) return answer.said;
      throw new Refusal(answer.status, answer.said?.error ?? "The server refuses.");
    }
    await new Promise((wake) => {
      const timer = setTimeout(done, PAUSES[Math.min(attempt, PAUSES.length - 1)]);
      function done() {
        clearTimeout(timer);
        window.removeEventListener("online", done);
        wake();
      }
      window.addEventListener("online", done);
      waiting(done);
    });
  }
}

/** One attempt; null where there is no answer, or one that says that the server cannot work now. */
async function once(path, options) {
  try {
    const response = await fetch(path, { ...options, signal: AbortSignal.timeout(PATIENCE) });
    if (response.status >= 500 || response.status === 429) return null;
    const said = await response.json();
    return { ok: response.ok, status: response.status, said };
  } catch {
    return null;
  }
}

/** The code as the server knows it, whatever was typed. */
export function plainCode(text) {
  return text.toLowerCase().replace(/[^0-9a-z]/g, "");
}

/** What this browser remembers about one study. Where it may remember nothing, the study works all the same. */
export class Memory {
  constructor(study) {
    this.prefix = `analogon-study/${study}/`;
  }

  get(name) {
    try {
      return JSON.parse(localStorage.getItem(this.prefix + name));
    } catch {
      return null;
    }
  }

  set(name, value) {
    try {
      if (value === null) localStorage.removeItem(this.prefix + name);
      else localStorage.setItem(this.prefix + name, JSON.stringify(value));
    } catch {
      // a browser that stores nothing
    }
  }

  forget() {
    try {
      Object.keys(localStorage).filter((key) => key.startsWith(this.prefix)).forEach((key) => localStorage.removeItem(key));
    } catch {
      // nothing to forget
    }
  }
}

/** Seconds during which the page could be seen. */
export class Watch {
  constructor() {
    this.total = 0;
    this.since = null;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.stop() : this.go()));
  }

  /** Begin anew, with the seconds of former visits. */
  start(seconds) {
    this.total = seconds;
    this.since = null;
    this.running = true;
    if (!document.hidden) this.go();
  }

  go() {
    if (this.running && this.since === null) this.since = performance.now();
  }

  stop() {
    this.total = this.seconds();
    this.since = null;
  }

  seconds() {
    return this.total + (this.since === null ? 0 : (performance.now() - this.since) / 1000);
  }
}

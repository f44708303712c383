// Cards that are put into order: by dragging (mouse, pen, finger), by arrow keys and by buttons.
//
// While a card is dragged nothing moves in the document: the others only look as if they had made room. So the pointer
// stays captured, and giving up (Escape, a call that comes in) leaves everything as it was.

const THRESHOLD = 6; // pixels that a pointer moves before it drags
const EDGE = 70; // pixels from the window's edge where the page begins to scroll
const SPEED = 14; // pixels per frame
const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
const LETTERS = "ABCDEFGHIJ";

export class Ranking {
  /** `changed()` is called after each move, `announce(text)` with what happened, `enlarge(id)` for a click. */
  constructor(list, { changed, announce, enlarge }) {
    Object.assign(this, { list, changed, announce, enlarge, drag: null, order: [] });
    list.addEventListener("pointerdown", (event) => this.press(event));
    list.addEventListener("keydown", (event) => this.key(event));
    list.addEventListener("click", (event) => this.click(event), true);
    document.addEventListener("pointermove", (event) => this.pull(event));
    document.addEventListener("pointerup", (event) => this.release(event, true));
    document.addEventListener("pointercancel", (event) => this.release(event, false));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.drag && this.drop(false));
  }

  /** Show `cards`, [{id, url, width, height}], which are A, B, C, ..., in the order of the ids in `order`. */
  show(cards, order) {
    this.drag = null;
    this.order = [...order];
    this.letters = new Map(cards.map((card, place) => [card.id, LETTERS[place]]));
    this.elements = new Map(cards.map((card) => [card.id, this.build(card)]));
    this.list.replaceChildren(...this.order.map((id) => this.elements.get(id)));
    this.number(this.order);
  }

  title(id) {
    return `Picture ${this.letters.get(id)}`;
  }

  build({ id, url, width, height }) {
    const name = this.title(id);
    const card = document.createElement("li");
    card.className = "card";
    card.tabIndex = 0;
    card.dataset.id = id;
    card.setAttribute("aria-roledescription", "picture that can be moved");
    card.setAttribute("aria-describedby", "how");
    card.innerHTML = `
      <span class="place" aria-hidden="true"></span>
      <button type="button" class="picture" tabindex="-1"><img alt="" draggable="false"></button>
      <div class="handle">
        <span class="letter" aria-hidden="true"></span>
        <span class="moves">
          <button type="button" tabindex="-1" data-by="-1"></button>
          <button type="button" tabindex="-1" data-by="1"></button>
        </span>
        <span class="grip" aria-hidden="true"></span>
      </div>`;
    const picture = card.querySelector("img");
    Object.assign(picture, { src: url, width, height });
    card.querySelector(".picture").setAttribute("aria-label", `Enlarge ${name.toLowerCase()}`);
    card.querySelector(".letter").textContent = this.letters.get(id);
    card.querySelector("[data-by='-1']").setAttribute("aria-label", `Move ${name.toLowerCase()} one place up`);
    card.querySelector("[data-by='1']").setAttribute("aria-label", `Move ${name.toLowerCase()} one place down`);
    return card;
  }

  /** Write on each card the place that it has in `order`. */
  number(order) {
    order.forEach((id, place) => {
      const card = this.elements.get(id);
      card.querySelector(".place").textContent = place + 1;
      card.setAttribute("aria-label", `${this.title(id)}, place ${place + 1} of ${order.length}`);
      card.querySelector("[data-by='-1']").disabled = place === 0;
      card.querySelector("[data-by='1']").disabled = place === order.length - 1;
    });
  }

  /** Move a card to a place, counted from 0. */
  move(id, place) {
    const from = this.order.indexOf(id);
    const to = Math.max(0, Math.min(this.order.length - 1, place));
    const before = new Map(this.order.map((one) => [one, this.elements.get(one).getBoundingClientRect()]));
    for (const card of this.elements.values()) card.style.transform = "";
    this.order = moved(this.order, from, to);
    const card = this.elements.get(id);
    if (from !== to) {
      const after = this.order[to + 1];
      this.list.insertBefore(card, after === undefined ? null : this.elements.get(after));
    }
    this.number(this.order);
    for (const [one, rect] of before) this.glide(this.elements.get(one), rect);
    card.focus({ preventScroll: true });
    if (from === to) return;
    this.announce(`${this.title(id)} is now in place ${to + 1} of ${this.order.length}.`);
    this.changed();
  }

  /** Let a card come from where it was to where it is. */
  glide(card, before) {
    const now = card.getBoundingClientRect();
    const [x, y] = [before.left - now.left, before.top - now.top];
    if ((x || y) && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
      const frames = [{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }];
      card.animate(frames, { duration: 180, easing: "ease-out" });
    }
  }

  key(event) {
    const card = event.target.closest(".card");
    if (!card || this.drag || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const place = this.order.indexOf(card.dataset.id);
    const to = { Home: 0, End: this.order.length - 1 }[event.key] ?? place + (STEPS[event.key] ?? NaN);
    if (!Number.isNaN(to)) {
      this.move(card.dataset.id, to);
      card.scrollIntoView({ block: "nearest" });
    } else if (event.target === card && (event.key === "Enter" || event.key === " ")) this.enlarge(card.dataset.id);
    else return;
    event.preventDefault();
  }

  click(event) {
    const card = event.target.closest(".card");
    if (this.dragged) event.stopPropagation();
    else if (event.target.closest("[data-by]") && card) {
      const button = event.target.closest("[data-by]");
      this.move(card.dataset.id, this.order.indexOf(card.dataset.id) + Number(button.dataset.by));
    } else if (event.target.closest(".picture") && card) {
      card.focus({ preventScroll: true });
      this.enlarge(card.dataset.id);
    }
  }

  // Dragging

  press(event) {
    const card = event.target.closest(".card");
    if (!card || this.drag || !event.isPrimary || event.button !== 0 || event.target.closest("[data-by]")) return;
    // a finger on the picture scrolls the page; it drags by the handle
    if (event.pointerType === "touch" && !event.target.closest(".handle, .place")) return;
    const { pageX: x, pageY: y, pointerId: pointer } = event;
    this.drag = { card, id: card.dataset.id, pointer, x, y, begun: false };
    this.dragged = false;
  }

  pull(event) {
    const drag = this.drag;
    if (!drag || event.pointerId !== drag.pointer) return;
    drag.client = [event.clientX, event.clientY];
    if (!drag.begun) {
      if (Math.hypot(event.pageX - drag.x, event.pageY - drag.y) < THRESHOLD) return;
      this.lift();
    }
    this.follow();
  }

  lift() {
    const drag = this.drag;
    drag.begun = true;
    drag.from = drag.to = this.order.indexOf(drag.id);
    drag.slots = this.order.map((id) => {
      const { left, top, width, height } = this.elements.get(id).getBoundingClientRect();
      return { x: left + scrollX + width / 2, y: top + scrollY + height / 2 };
    });
    drag.card.setPointerCapture(drag.pointer);
    drag.card.classList.add("lifted");
    this.list.classList.add("dragging");
    this.announce(`${this.title(drag.id)} is lifted.`);
    const scroll = () => {
      if (this.drag !== drag) return;
      const top = document.querySelector("#given").getBoundingClientRect();
      const upper = top.bottom < innerHeight / 2 ? Math.max(0, top.bottom) : 0;
      const y = drag.client[1];
      const by = y < upper + EDGE ? -SPEED : y > innerHeight - EDGE ? SPEED : 0;
      const before = scrollY;
      if (by) scrollBy({ top: by, behavior: "instant" });
      if (scrollY !== before) this.follow();
      requestAnimationFrame(scroll);
    };
    requestAnimationFrame(scroll);
  }

  /** Draw the lifted card at the pointer, and let the others make room. */
  follow() {
    const { card, id, slots, from, client, x, y } = this.drag;
    const [right, down] = [client[0] + scrollX - x, client[1] + scrollY - y];
    card.style.transform = `translate(${right}px, ${down}px)`;
    const centre = { x: slots[from].x + right, y: slots[from].y + down };
    const distances = slots.map((slot) => Math.hypot(slot.x - centre.x, slot.y - centre.y));
    const to = distances.indexOf(Math.min(...distances));
    if (to === this.drag.to) return;
    this.drag.to = to;
    const order = moved(this.order, from, to);
    order.forEach((other, place) => {
      if (other === id) return;
      const now = slots[this.order.indexOf(other)];
      this.elements.get(other).style.transform = `translate(${slots[place].x - now.x}px, ${slots[place].y - now.y}px)`;
    });
    this.number(order);
  }

  release(event, done) {
    setTimeout(() => (this.dragged = false)); // after the click that belongs to the drag
    if (!this.drag || event.pointerId !== this.drag.pointer) return;
    if (this.drag.begun) this.drop(done);
    this.drag = null;
  }

  drop(done) {
    const { card, id, from, to } = this.drag;
    this.drag = null;
    card.classList.remove("lifted");
    this.list.classList.remove("dragging");
    this.dragged = true;
    this.move(id, done ? to : from);
    if (!done) this.announce(`${this.title(id)} is back in place ${from + 1}.`);
  }
}

/** The order with the entry at `from` moved to `to`. */
function moved(order, from, to) {
  const rest = order.filter((_, place) => place !== from);
  rest.splice(to, 0, order[from]);
  return rest;
}

// One picture at a time, as large as the window; the others take its place, on the same spot.

export class Viewer {
  constructor(dialog) {
    this.dialog = dialog;
    this.picture = dialog.querySelector("#viewer-picture");
    this.title = dialog.querySelector("#viewer-title");
    dialog.querySelector("#viewer-before").addEventListener("click", () => this.turn(-1));
    dialog.querySelector("#viewer-after").addEventListener("click", () => this.turn(1));
    dialog.querySelector("#viewer-close").addEventListener("click", () => dialog.close());
    this.picture.parentElement.addEventListener("click", () => dialog.close());
    dialog.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      this.turn(by);
    });
  }

  /** Show `pictures`, [{url, width, height, title}], from the one at `place`. */
  open(pictures, place) {
    this.pictures = pictures;
    this.place = place;
    this.turn(0);
    this.dialog.showModal();
  }

  turn(by) {
    this.place = (this.place + by + this.pictures.length) % this.pictures.length;
    const { url, width, height, title } = this.pictures[this.place];
    this.picture.src = url;
    this.picture.width = width;
    this.picture.height = height;
    this.title.textContent = title;
    this.picture.alt = title;
  }
}

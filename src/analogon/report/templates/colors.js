/** Pictures as numbers: differences, and where pixels come from. */

/** An element. @returns {HTMLElement} */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A new picture of the same content, ready to be drawn. @returns {Promise<HTMLImageElement>} */
async function copyOf(image) {
  const copy = make("img", { src: image.src, alt: image.alt, draggable: false });
  await copy.decode();
  return copy;
}

/** The pixels of a picture or canvas at a size, four bytes each. */
function pixelsOf(picture, width, height) {
  const canvas = make("canvas", { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

/** @returns {HTMLCanvasElement} pixels, four bytes each, as something to look at */
function canvasOf(pixels, width, height, label) {
  const canvas = make("canvas", { width, height, role: "img" });
  canvas.setAttribute("aria-label", label);
  canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  return canvas;
}

/** From no difference to the largest: black, indigo, crimson, orange, pale yellow. */
const HEAT = [[6, 6, 14], [58, 22, 110], [160, 40, 96], [236, 104, 40], [252, 196, 62], [255, 250, 214]];

const HEATS = Uint8ClampedArray.from({ length: 3 * 256 }, (_, index) => {
  const place = (Math.floor(index / 3) / 255) * (HEAT.length - 1);
  const below = Math.min(Math.floor(place), HEAT.length - 2);
  const channel = index % 3;
  return HEAT[below][channel] + (place - below) * (HEAT[below + 1][channel] - HEAT[below][channel]);
});

/**
 * How far two pictures differ, at the size of the first.
 * @returns {{canvas: HTMLCanvasElement, mean: number}} root mean square over the channels of each pixel, as a
 *   colour of HEAT whose brightest stands for 255 / gain levels; and over all pixels, in levels of 0 to 255
 */
function difference(first, second, gain, label) {
  const width = first.naturalWidth || first.width;
  const height = first.naturalHeight || first.height;
  const a = pixelsOf(first, width, height);
  const b = pixelsOf(second, width, height);
  let sum = 0;
  for (let i = 0; i < a.length; i += 4) {
    const square = ((a[i] - b[i]) ** 2 + (a[i + 1] - b[i + 1]) ** 2 + (a[i + 2] - b[i + 2]) ** 2) / 3;
    sum += square;
    const heat = 3 * Math.min(255, Math.round(Math.sqrt(square) * gain));
    a[i] = HEATS[heat];
    a[i + 1] = HEATS[heat + 1];
    a[i + 2] = HEATS[heat + 2];
  }
  return { canvas: canvasOf(a, width, height, label), mean: Math.sqrt((4 * sum) / a.length) };
}

/** Where the pixels of one result come from. */
class Places {
  /** @param {HTMLScriptElement} store */
  constructor(store) {
    const { width, height, sourceWidth, sourceHeight, step } = store.dataset;
    Object.assign(this, { width: +width, height: +height, sourceWidth: +sourceWidth, sourceHeight: +sourceHeight });
    this.step = +step;
    this.store = store;
  }

  /** @returns {Promise<Places>} this, once the offsets are unpacked: rows of all pixels, then columns */
  open() {
    this.opened ??= (async () => {
      const bytes = Uint8Array.from(atob(this.store.textContent), (letter) => letter.charCodeAt(0));
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
      const view = new DataView(await new Response(stream).arrayBuffer());
      this.offsets = Uint16Array.from({ length: view.byteLength / 2 }, (_, index) => view.getUint16(2 * index, true));
      return this;
    })();
    return this.opened;
  }

  /** @returns {{row: number, column: number}} the origin of a pixel of the stored map, in the source */
  at(row, column) {
    const index = row * this.width + column;
    return {
      row: (this.offsets[index] + row * this.step) & 0xffff,
      column: (this.offsets[this.width * this.height + index] + column * this.step) & 0xffff,
    };
  }

  /** The origin of a place of the result, both as shares of width and height. */
  origin({ x, y }) {
    const row = clamp(Math.floor(y * this.height), 0, this.height - 1);
    const column = clamp(Math.floor(x * this.width), 0, this.width - 1);
    const from = this.at(row, column);
    return { ...from, x: (from.column + 0.5) / this.sourceWidth, y: (from.row + 0.5) / this.sourceHeight };
  }

  /** Red grows to the right of the source, green to its bottom, blue falls with both. */
  picture(label) {
    const paint = (row, column) => this.at(row, column);
    return paintPlaces(this.width, this.height, this.sourceWidth, this.sourceHeight, paint, label);
  }
}

/** @param {(row: number, column: number) => {row: number, column: number}} origin in a source of the second size */
function paintPlaces(width, height, sourceWidth, sourceHeight, origin, label) {
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let row = 0, i = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, i += 4) {
      const from = origin(row, column);
      const red = (from.column + 0.5) / sourceWidth;
      const green = (from.row + 0.5) / sourceHeight;
      pixels[i] = 255 * red;
      pixels[i + 1] = 255 * green;
      pixels[i + 2] = 255 * (1 - (red + green) / 2);
      pixels[i + 3] = 255;
    }
  }
  return canvasOf(pixels, width, height, label);
}

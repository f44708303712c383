/** Start: everything on the page can be read before this runs. */

for (const image of document.querySelectorAll("img[data-same]")) {
  image.src = document.getElementById(image.dataset.same).src;
}

document.documentElement.classList.add("live");
document.querySelectorAll(".summary").forEach(oneStatistic);
explain();
document.addEventListener("click", (event) => {
  const heading = event.target.closest("button.sort")?.closest("th");
  if (heading) sortBy(heading);
});

// All controls are there at once, so that nothing moves later; the pictures of a stage are drawn when it comes near.
/** @type {Map<Element, Stage>} */
const waiting = new Map();
const observer = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      waiting.get(target).draw();
    }
  },
  { rootMargin: "600px" },
);
for (const section of document.querySelectorAll("section.target")) {
  const { stage } = new Sheet(section);
  waiting.set(stage.element, stage);
  observer.observe(stage.element);
}

/** Tables that sort, explanations at hand, one statistic at a time. */

/** Smaller is better, by the direction of a column. @param {string} better */
function badness(value, better) {
  if (better === "one") return value > 0 ? Math.abs(Math.log(value)) : Infinity;
  return better === "higher" ? -value : value;
}

/** Sort by the column of a heading: the best first, then the other way round; what is missing stays last. */
function sortBy(heading) {
  const table = heading.closest("table");
  const body = table.tBodies[0];
  const column = heading.cellIndex;
  const { better } = heading.dataset;
  const turned = heading.dataset.order === "first";
  for (const other of table.tHead.rows[0].cells) {
    other.removeAttribute("aria-sort");
    delete other.dataset.order;
  }
  heading.dataset.order = turned ? "turned" : "first";
  const falling = (better === "higher") !== turned;
  heading.setAttribute("aria-sort", better === "one" ? "other" : falling ? "descending" : "ascending");
  const number = (text) => ({ inf: Infinity, "-inf": -Infinity })[text] ?? Number(text);
  const key = (row) => {
    const text = row.cells[column].dataset.value ?? "";
    if (!better) return text;
    return text === "" ? null : badness(number(text), better);
  };
  const rows = [...body.rows].map((row) => ({ row, key: key(row) }));
  const sign = turned ? -1 : 1;
  rows.sort((a, b) => {
    if (!better) return sign * a.key.localeCompare(b.key, "en", { numeric: true });
    if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
    return a.key === b.key ? 0 : sign * (a.key < b.key ? -1 : 1);
  });
  body.append(...rows.map(({ row }) => row));
}

/** Explanations appear on hover, focus and tap. */
function explain() {
  const tip = make("div", { className: "tip", id: "tip", role: "tooltip", hidden: true });
  document.body.append(tip);
  for (const element of document.querySelectorAll("main [title]")) {
    element.dataset.tip = element.title;
    element.removeAttribute("title");
    if (!element.querySelector("button") && element.tagName !== "BUTTON") element.tabIndex = 0;
  }
  let owner = null;
  const hide = () => {
    owner?.removeAttribute("aria-describedby");
    owner = null;
    tip.hidden = true;
  };
  const show = (event) => {
    const about = event.target.closest?.("[data-tip]");
    if (!about || about === owner) return about;
    hide();
    owner = about;
    tip.textContent = about.dataset.tip;
    tip.hidden = false;
    about.setAttribute("aria-describedby", "tip");
    const box = about.getBoundingClientRect();
    tip.style.left = `${clamp(box.left, 8, Math.max(8, innerWidth - tip.offsetWidth - 8))}px`;
    const below = box.bottom + 6 + tip.offsetHeight < innerHeight;
    tip.style.top = `${below ? box.bottom + 6 : Math.max(8, box.top - tip.offsetHeight - 6)}px`;
    return about;
  };
  document.addEventListener("pointerover", (event) => show(event) || (!owner?.contains(document.activeElement) && hide()));
  document.addEventListener("focusin", (event) => show(event) || hide());
  document.addEventListener("click", (event) => show(event) || hide());
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  addEventListener("scroll", hide, { passive: true, capture: true });
}

/** Of several statistics over all targets one is shown. */
function oneStatistic(section) {
  const parts = [...section.querySelectorAll(".statistic")];
  const show = (name) => parts.forEach((part) => (part.hidden = part.dataset.name !== name));
  const names = { mean: "Mean", median: "Median", wins: "Wins" };
  const options = parts.map((part) => [part.dataset.name, names[part.dataset.name]]);
  section.querySelector("h2").after(choice("Statistic", options, "mean", show));
  show("mean");
}

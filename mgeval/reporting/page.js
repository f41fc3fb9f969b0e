"use strict";
// Tables sort by their heads: numbers by value, texts by letter; what has no value stays at the end.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const given = [...body.rows];
  const order = (row, column) => {
    const cell = row.cells[column];
    if (!("order" in cell.dataset)) return cell.textContent.trim();
    return cell.dataset.order === "" ? null : Number(cell.dataset.order);
  };
  const compared = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    // How many clips a column is of stands under the button.
    button.append(...[...head.childNodes].filter((node) => node.nodeName !== "SMALL"));
    head.prepend(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = given.map((row) => [order(row, column), row]);
      rows.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        return up ? compared(a, b) : compared(b, a);
      });
      body.append(...rows.map(([, row]) => row));
    });
  });
}

// A number that names a clip plays it at the foot of the page; without this script its link opens the file.
const player = document.getElementById("player");
const sound = player.querySelector("audio");
const playing = document.getElementById("playing");
let current = null;
const stop = () => {
  sound.pause();
  current?.removeAttribute("aria-current");
  current = null;
};
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.play");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const again = link === current;
  stop();
  if (again) return;
  current = link;
  link.setAttribute("aria-current", "true");
  player.hidden = false;
  playing.textContent = link.title;
  sound.src = link.getAttribute("href");
  // A clip that is stopped before it began is no error.
  sound.play().catch(() => {});
});
sound.addEventListener("ended", stop);
sound.addEventListener("error", () => {
  playing.textContent = "This clip cannot be played.";
});
player.querySelector("button").addEventListener("click", () => {
  stop();
  player.hidden = true;
});

// One clip at a time.
document.addEventListener("play", (event) => {
  for (const other of document.querySelectorAll("audio")) if (other !== event.target) other.pause();
}, true);

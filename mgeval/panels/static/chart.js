// A plot with the choice of its columns above it, and what its colours and shapes mean below.
import { el, select, short } from "./dom.js";
import { plot } from "./plot.js";
import { marker, ramp } from "./points.js";
import { FEW, labelled, levelsOf } from "./table.js";

const ROLES = [["y", "Up"], ["x", "Along"], ["colour", "Colour"], ["shape", "Shape"]];

export function chart(root, signal, { choose, lasso, changed, near }) {
  const bar = el("div", { class: "mg-bar mg-roles" }), body = el("div"), legend = el("div", { class: "mg-legend" });
  root.append(bar, body, legend);
  const inner = plot(body, signal, { choose, lasso, near });
  let table = null, fields = {}, shown = null, bars = null, built = null;

  function options(role) {
    const columns = [...table.columns.values()].filter((column) =>
      role === "x" || role === "y" || (role === "colour" ? !column.levels || levelsOf(column) : levelsOf(column)));
    const settings = columns.filter((column) => !column.metric), metrics = columns.filter((column) => column.metric);
    const named = [...settings, ...metrics].map((column) => [column.name, labelled(column)]);
    return role === "x" || role === "y" ? named : [["", "none"], ...named];
  }

  const choices = () => ROLES.map(([role, word]) => [role, word, fields[role] ?? "", options(role)]);

  function build() {
    const wanted = choices(), text = JSON.stringify(wanted);
    // A table that grows must not close the list that somebody chooses from.
    if (text === built) return;
    built = text;
    bar.replaceChildren(...wanted.map(([role, word, value, named]) => el("label", { class: "mg-role" }, `${word} `,
      select(word, named, value, (name) => {
        fields = { ...fields, [role]: name };
        built = JSON.stringify(choices());
        draw();
        changed(fields);
      }))), el("span", { class: "mg-gap" }), ...inner.tools);
  }

  function draw() {
    inner.show(table, fields, shown, bars);
    const parts = [], colour = table.columns.get(fields.colour), shape = table.columns.get(fields.shape);
    if (colour) parts.push(el("span", { class: "mg-legendname" }, labelled(colour)));
    if (colour && inner.paint.levels) inner.paint.levels.forEach((name, i) => parts.push(item(name, 0, inner.paint.palette[i])));
    if (colour && inner.paint.range) {
      const stops = [0, 0.25, 0.5, 0.75, 1].map(ramp).join(", ");
      const strip = el("span", { class: "mg-ramp" });
      strip.style.background = `linear-gradient(90deg, ${stops})`;
      parts.push(el("span", { class: "mg-item" }, short(inner.paint.range[0]), strip, short(inner.paint.range[1])));
    }
    if (shape) parts.push(el("span", { class: "mg-legendname" }, labelled(shape)));
    if (shape && inner.shapes) inner.shapes.names.forEach((name, i) => parts.push(item(name, i, "#808080")));
    // A table that grows may come to more kinds than there are shapes.
    else if (shape) parts.push(el("span", { class: "mg-item" }, `more than ${FEW} kinds: no shapes`));
    legend.replaceChildren(...parts);
  }

  function item(name, shape, colour) {
    const canvas = el("canvas", { width: 28, height: 28, class: "mg-swatch", "aria-hidden": "true" });
    marker(canvas.getContext("2d"), shape, colour, 14, 14, 9);
    return el("span", { class: "mg-item" }, canvas, el("span", { class: "mg-itemname" }, name));
  }

  return {
    ...inner,
    set(next, names, interval = null) {
      [table, fields] = [next, names];
      bars = interval && interval.map((name) => table.columns.get(name).values);
      build();
      draw();
    },
    refield(names) { fields = { ...fields, ...names }; build(); draw(); },
    filter(rows) { shown = rows; draw(); },
  };
}

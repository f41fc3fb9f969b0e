// What a plot and the kernel tell each other: the table, which columns are drawn, what is chosen.
import { unpacked } from "./table.js";

const ROLES = ["x", "y", "colour", "shape"];

// `name` is the trait of the chosen row's key; `filled` gets the table when the kernel has another one.
export function linked(model, wire, drawn, say, { name = "value", filled = () => {} } = {}) {
  const rows = new Map();
  let table = null, asking = false, again = false;
  const failed = (error) => say(error.message, true);
  // Rows go either way by their keys: this table may be another than the kernel's.
  function selected({ keys }) {
    const chosen = new Set(keys);
    drawn.select([...(table?.keys ?? []).keys()].filter((row) => chosen.has(table.keys[row])));
  }
  const chosen = () => drawn.choose(rows.get(model.get(name)) ?? -1);
  wire.listen("selected", selected);
  model.on(`change:${name}`, chosen);
  wire.listen("table", renew);
  for (const role of ROLES) model.on(`change:${role}`, () => table && drawn.refield({ [role]: model.get(role) }));
  function fill(answer) {
    table = unpacked(answer);
    rows.clear();
    table.keys.forEach((key, row) => rows.set(key, row));
    drawn.set(table, Object.fromEntries(ROLES.map((role) => [role, model.get(role)])), answer.interval);
    selected({ keys: answer.selected });
    chosen();
    filled(table);
    return table;
  }
  // One table at a time, however often there is another.
  async function renew() {
    again = true;
    if (asking || !table) return;
    asking = true;
    try {
      while (again) {
        again = false;
        fill(await wire.ask("table"));
      }
    } catch (error) { failed(error); }
    asking = false;
  }
  return {
    failed,
    rows,
    async begin() { return fill(await wire.hello("table")); },
    // The kernel hears of it once the clip sounds, which nothing is to delay, and no other was chosen since.
    async choose(row, sounding = null) {
      const key = table.keys[row];
      model.set(name, key);
      await sounding;
      if (model.get(name) === key) wire.ask("choose", { key }).catch(failed);
    },
    lasso(found) { wire.ask("select", { keys: found.map((row) => table.keys[row]) }).catch(failed); },
    changed(fields) { wire.ask("fields", { fields }).catch(failed); },
  };
}

// What a plot and the kernel tell each other: the table, which columns are drawn, what is chosen.
import { unpacked } from "./table.js";

const ROLES = ["x", "y", "colour", "shape"];

export function linked(model, wire, drawn, say) {
  const rows = new Map();
  let table = null;
  const failed = (error) => say(error.message, true);
  const selected = (buffer) => drawn.select(new Int32Array(buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength)));
  const chosen = () => drawn.choose(rows.get(model.get("value")) ?? -1);
  wire.listen("selected", ({ buffers }) => selected(buffers[0]));
  model.on("change:value", chosen);
  for (const role of ROLES) model.on(`change:${role}`, () => table && drawn.refield({ [role]: model.get(role) }));
  return {
    failed,
    rows,
    async begin() {
      const answer = await wire.hello("table");
      table = unpacked(answer);
      table.keys.forEach((key, row) => rows.set(key, row));
      drawn.set(table, Object.fromEntries(ROLES.map((role) => [role, model.get(role)])), answer.interval);
      selected(answer.buffers[answer.buffers.length - 1]);
      chosen();
      return table;
    },
    choose(row) {
      model.set("value", table.keys[row]);
      wire.ask("choose", { key: table.keys[row] }).catch(failed);
    },
    lasso(found) { wire.ask("select", {}, [Int32Array.from(found).buffer]).catch(failed); },
    changed(fields) { wire.ask("fields", { fields }).catch(failed); },
  };
}

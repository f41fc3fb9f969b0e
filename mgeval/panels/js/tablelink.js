// @ts-check
// Keeps a plot and the kernel in step: the table, which columns are drawn, and what is chosen.
import { errorText } from "./channel.js";
import { ROLES, unpackTable } from "./table.js";

/** @typedef {import("./channel.js").Channel} Channel */
/** @typedef {import("./chart.js").Chart} Chart */
/** @typedef {import("./types.js").Answers} Answers */
/** @typedef {import("./types.js").Buffers} Buffers */
/** @typedef {import("./types.js").Fields} Fields */
/** @typedef {import("./types.js").Table} Table */

/**
 * The traits of a widget with a plot; the one of the chosen row's key has a name of its own.
 * @typedef {{ x: string, y: string, colour: string, shape: string, value?: string | null, chosen?: string | null }} PlotTraits
 */

/**
 * Links a chart to the kernel.
 * @param {import("./types.js").WidgetModel<any>} model Of `PlotTraits`.
 * @param {Channel} channel
 * @param {Chart} chart
 * @param {(text: string, wrong: boolean) => void} showStatus
 * @param {{ trait?: "value" | "chosen", onTable?: (table: Table) => void }} [options] The trait of the chosen row's key;
 *   and what to call when the kernel has another table.
 */
export function createTableLink(model, channel, chart, showStatus, { trait = "value", onTable = () => {} } = {}) {
  /** @type {Map<string | null, number>} */
  const rowByKey = new Map();
  /** @type {Table | null} */
  let table = null;
  let fetching = false, outdated = false;

  /** @param {unknown} error */
  const showError = (error) => showStatus(errorText(error), true);

  /**
   * Shows a selection. Page and kernel name rows by their keys: the kernel's table may already be another one.
   * @param {{ keys: string[] }} message
   */
  function showSelection({ keys }) {
    const selected = new Set(keys), all = table?.keys ?? [];
    chart.select([...all.keys()].filter((row) => selected.has(all[row])));
  }

  function showChosen() {
    chart.setChosen(rowByKey.get(model.get(trait)) ?? -1);
  }

  /** @param {Answers["table"] & Buffers} answer */
  function setTable(answer) {
    const next = (table = unpackTable(answer));
    rowByKey.clear();
    next.keys.forEach((key, row) => rowByKey.set(key, row));
    chart.setTable(next, Object.fromEntries(ROLES.map((role) => [role, model.get(role)])), answer.interval);
    showSelection({ keys: answer.selected });
    showChosen();
    onTable(next);
  }

  // One table at a time, however often the kernel has another one.
  async function fetchTable() {
    outdated = true;
    if (fetching || !table) return;
    fetching = true;
    try {
      while (outdated) {
        outdated = false;
        setTable(await channel.ask("table"));
      }
    } catch (error) {
      showError(error);
    }
    fetching = false;
  }

  /** @param {number[]} rows */
  const keysOf = (rows) => rows.flatMap((row) => table?.keys[row] ?? []);

  channel.listen("selected", showSelection);
  channel.listen("table", fetchTable);
  model.on(`change:${trait}`, showChosen);
  for (const role of ROLES) model.on(`change:${role}`, () => { if (table) chart.setFields({ [role]: model.get(role) }); });

  return {
    rowByKey,
    showError,
    async start() { setTable(await channel.hello("table")); },
    /**
     * Tells the kernel what was chosen: after the clip sounds, which nothing may delay, unless another was chosen since.
     * @param {number} row
     * @param {Promise<void>} [sound]
     */
    async choose(row, sound) {
      const key = table?.keys[row];
      if (key === undefined) return;
      model.set(trait, key);
      await sound;
      if (model.get(trait) === key) channel.ask("choose", { key }).catch(showError);
    },
    /** @param {number[]} rows */
    select(rows) { channel.ask("select", { keys: keysOf(rows) }).catch(showError); },
    /** @param {Fields} fields */
    sendFields(fields) { channel.ask("fields", { fields }).catch(showError); },
  };
}

// A table of clips, as the kernel sends it: float32 columns, texts by their number in a list.

export const FEW = 7;

export function unpacked({ columns, keys, prompts, references, buffers }) {
  const array = (view) => new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  const table = { keys, prompts, references, size: keys.length, columns: new Map(), promptOf: array(buffers[columns.length]) };
  columns.forEach((column, i) => table.columns.set(column.name, { ...column, values: array(buffers[i]) }));
  return table;
}

export function labelled(column) {
  const name = column.label.charAt(0).toUpperCase() + column.label.slice(1);
  return column.unit ? `${name} (${column.unit})` : name;
}

// The distinct values of a column, if they are few: their names, and which of them each row has (-1: none).
export function levelsOf(column, most = FEW) {
  if (!column) return null;
  const { values } = column, codes = new Int16Array(values.length).fill(-1);
  if (column.levels) {
    if (column.levels.length > most) return null;
    values.forEach((value, row) => { if (value === value) codes[row] = value; });
    return { names: column.levels, codes };
  }
  const found = new Set();
  for (const value of values) {
    if (value === value) found.add(value);
    if (found.size > most) return null;
  }
  const sorted = [...found].sort((a, b) => a - b), numbers = new Map(sorted.map((value, i) => [value, i]));
  values.forEach((value, row) => { if (value === value) codes[row] = numbers.get(value); });
  return { names: sorted.map((value) => String(Number(value.toPrecision(6))).replace("-", "−")), codes };
}

export function extent(values, rows = null) {
  let low = Infinity, high = -Infinity;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value !== value || Math.abs(value) === Infinity || (rows && !rows[row])) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

/** What a command found or did: one record, or a list of them. */
export type Answer = object | readonly object[];

/** A result as text: one line a property for a single record, a table for a list. */
export function render(answer: Answer): string {
  if (Array.isArray(answer)) return renderRows(answer);
  const width = Math.max(...Object.keys(answer).map((key) => key.length));
  return Object.entries(answer)
    .map(([key, value]) => `${key.padEnd(width)}  ${value}\n`)
    .join('');
}

function renderRows(rows: readonly Record<string, unknown>[]): string {
  const [first] = rows;
  if (first === undefined) return 'none\n';
  const columns = Object.keys(first);
  const lines = [columns, ...rows.map((row) => columns.map((column) => String(row[column])))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  const toLine = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return lines.map((line) => `${toLine(line)}\n`).join('');
}

/** A line of a tool's answer, for whoever prints it to colour. */
export interface Line {
  readonly text: string;
  readonly tone: 'plain' | 'title' | 'good' | 'bad' | 'dim';
}

export function line(text: string, tone: Line['tone'] = 'plain'): Line {
  return { text, tone };
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `1,204`: the same in every locale. */
export function count(value: number): string {
  return whole.format(value);
}

/** `1 record`, `3 records`. */
export function countOf(value: number, singular: string, plural = `${singular}s`): string {
  return `${count(value)} ${value === 1 ? singular : plural}`;
}

/** `512 B`, `64 MiB`, `1.5 GiB`. */
export function size(bytes: number): string {
  let value = bytes;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (value < 1024) return `${Number.isInteger(value) ? value : value.toFixed(1)} ${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)} TiB`;
}

/** `LSN 7`, `LSNs 7 to 9`. */
export function lsns(from: number, to: number): string {
  return from >= to ? `LSN ${from}` : `LSNs ${from} to ${to}`;
}

/** Rows as columns of their widest cell; a column of numbers to the right. */
export function columnsOf(rows: readonly (readonly string[])[], indent: string): string[] {
  const indices = rows[0]?.map((_, index) => index) ?? [];
  const columns = indices.map((index) => rows.map((row) => row[index] ?? ''));
  const widths = columns.map((cells) => cells.reduce((most, { length }) => Math.max(most, length), 0));
  const isNumeric = columns.map((cells) => cells.every((cell) => /^[\d,]+$/.test(cell)));
  return rows.map((row) => {
    const cells = row.map((cell, index) =>
      isNumeric[index] === true ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
    );
    return `${indent}${cells.join('  ')}`.trimEnd();
  });
}

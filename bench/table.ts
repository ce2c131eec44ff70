/** Prints rows under a header: the first column to the left, figures to the right. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  for (const [name = '', ...figures] of [header, ...rows]) {
    const cells = figures.map((text, index) => text.padStart((widths[index + 1] ?? 0) + 2));
    console.log(name.padEnd(widths[0] ?? 0) + cells.join(''));
  }
}

/** The middle one of some measurements, or the upper of two. */
export function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

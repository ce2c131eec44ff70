/** At most `count` of the items, evenly spread, the last one among them. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  const picked = Array.from(
    { length: count },
    (_, step) => items[Math.floor(((step + 1) * items.length) / count) - 1],
  );
  return picked.flatMap((item) => (item === undefined ? [] : [item]));
}

/** `*` and `?` stay inside a name; a name that is `**` stands for any number of directories. */
export function pathPattern(glob: string): RegExp {
  return translated(glob, { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' });
}

/** For what is no path: `*` stands for any text, `?` for one character. */
export function namePattern(glob: string): RegExp {
  return translated(glob, { '*': '.*', '?': '.' });
}

function translated(glob: string, wildcards: Readonly<Record<string, string>>): RegExp {
  const source = glob.replace(
    /\*\*\/|\*\*|[*?]|[\\^$.|+()[\]{}]/g,
    (special) => wildcards[special] ?? [...special].map((one) => wildcards[one] ?? `\\${one}`).join(''),
  );
  return new RegExp(`^${source}$`, 's');
}

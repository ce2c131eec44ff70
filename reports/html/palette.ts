/** The colours of the HTML report, each a custom property of its style sheet. Texts reach 4.5:1 on every ground. */
export interface Palette {
  readonly ground: string;
  readonly surface: string;
  readonly sunken: string;
  readonly line: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly held: string;
  readonly 'held-ground': string;
  readonly violated: string;
  readonly 'violated-ground': string;
  readonly unknown: string;
  readonly 'unknown-ground': string;
  readonly kept: string;
}

export const lightPalette: Palette = {
  ground: '#f7f7f5',
  surface: '#ffffff',
  sunken: '#f1f2f0',
  line: '#dcdfdb',
  text: '#1b1f23',
  muted: '#58616a',
  accent: '#1f5fbf',
  held: '#12693f',
  'held-ground': '#e4f3ea',
  violated: '#b3202a',
  'violated-ground': '#fdeaea',
  unknown: '#7d5000',
  'unknown-ground': '#fdf1d8',
  kept: '#1f5fbf',
};

export const darkPalette: Palette = {
  ground: '#0f1215',
  surface: '#161a1f',
  sunken: '#1d2228',
  line: '#30373f',
  text: '#e4e8ec',
  muted: '#9ba6b1',
  accent: '#7db2ff',
  held: '#5fcf95',
  'held-ground': '#14301f',
  violated: '#ff8a84',
  'violated-ground': '#3a1719',
  unknown: '#e8b452',
  'unknown-ground': '#33270d',
  kept: '#7db2ff',
};

/** `--ground: #f7f7f5; --surface: ...`, to stand inside a rule. */
export function customProperties(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(' ');
}

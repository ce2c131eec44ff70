import { styleText } from 'node:util';

export type Tone = 'held' | 'violated' | 'unknown' | 'not-tested' | 'strong' | 'faint' | 'plain';

/** Adds colour to a text, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

const formats = {
  held: 'green',
  violated: ['bold', 'red'],
  unknown: 'yellow',
  'not-tested': 'dim',
  strong: 'bold',
  faint: 'dim',
} as const;

/** Whether there is to be colour is the caller's to say: the environment is not asked. */
export function createPaint(colour: boolean): Paint {
  return (tone, text) => {
    if (!colour || tone === 'plain' || text === '') return text;
    const format = formats[tone];
    return styleText(typeof format === 'string' ? format : [...format], text, { validateStream: false });
  };
}

import { styleText } from 'node:util';

/** One of the process's two streams, with what is known of who reads it. */
export interface Output {
  write(text: string): void;
  /** A person's terminal that can repaint; false for pipes, files and `TERM=dumb`. */
  readonly repaints: boolean;
  readonly colour: boolean;
  /** Columns; 100 where nobody says. Changes with the window. */
  readonly width: number;
}

export interface OutputStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
}

export interface ColourWishes {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `--no-color` was given. */
  readonly noColour: boolean;
}

/** A reader that goes away (`powercut list | head`) ends the writing, quietly, and not the work. */
export function outputOn(stream: OutputStream, wishes: ColourWishes): Output {
  let closed = false;
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
    closed = true;
  });
  const repaints = stream.isTTY === true && wishes.environment.TERM !== 'dumb';
  return {
    write(text) {
      if (!closed) stream.write(text);
    },
    repaints,
    colour: wantsColour(repaints, wishes),
    get width() {
      // Some pseudo-terminals say 0.
      return stream.columns || 100;
    },
  };
}

/** no-color.org and Node's FORCE_COLOR: the flag wins, then NO_COLOR, then FORCE_COLOR, then what the stream is. */
function wantsColour(repaints: boolean, { environment, noColour }: ColourWishes): boolean {
  if (noColour || (environment.NO_COLOR ?? '') !== '') return false;
  const forced = environment.FORCE_COLOR;
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return repaints;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** Answers the painter for texts that go to one output. */
export function painter(colour: boolean): (style: Style, text: string) => string {
  return (style, text) => (colour && text !== '' ? styleText(style, text, { validateStream: false }) : text);
}

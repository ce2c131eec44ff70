import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { WalError } from '../../src/wal/errors.ts';
import type { LogPlace } from '../../src/wal/place.ts';
import { openFileStorage } from '../../src/wal/storage/file-storage.ts';
import { StorageError } from '../../src/wal/storage.ts';
import type { Line } from '../../src/wal/tool/lines.ts';
import { isLogFile } from '../../src/wal/tool/survey.ts';
import { CommandFailure, exitCodes } from './exit.ts';
import { type Output, painter, type Style } from './output.ts';

/** A directory of this machine. */
export function logAt(directory: string): LogPlace {
  return openFileStorage(resolve(directory));
}

/**
 * Carries out a command on a log, of which there is something in at least one of the directories. What the disk or the log
 * refuses is the user's to mend, and no failure of powercut.
 */
export async function onLog<T>(directories: readonly string[], work: () => Promise<T>): Promise<T> {
  const places = directories.join(' and ');
  if (!directories.flatMap(namesIn).some(isLogFile))
    throw new CommandFailure(exitCodes.usage, `there is no log in ${places}: name the directory of one`);
  try {
    return await work();
  } catch (error) {
    if (error instanceof StorageError || error instanceof WalError)
      throw new CommandFailure(exitCodes.unknown, `${places}: ${error.message}`);
    throw error;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isElsewhere = code === 'ENOENT' || code === 'ENOTDIR';
    throw new CommandFailure(isElsewhere ? exitCodes.usage : exitCodes.unknown, `${directory}: ${message}`);
  }
}

const styles: Readonly<Record<Line['tone'], Style | undefined>> = {
  plain: undefined,
  title: 'bold',
  good: 'green',
  bad: 'red',
  dim: 'dim',
};

export function writeLine(output: Output, { text, tone }: Line): void {
  const style = styles[tone];
  output.write(`${style === undefined ? text : painter(output.colour)(style, text)}\n`);
}

export function writeJson(output: Output, data: unknown): void {
  output.write(
    `${JSON.stringify(data, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value), 2)}\n`,
  );
}

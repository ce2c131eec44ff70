import { describe, expect, it } from 'vitest';
import { readContent } from './content.ts';
import { type CrashFault, crashStates } from './crash-states.ts';
import { takeApart } from './effects.ts';
import { buildImage } from './image.ts';
import type { Operation } from './operation.ts';
import { profileNamed } from './profile.ts';
import { liveTree, type Recording, type TraceEntry } from './recording.ts';
import { emptyTree, type Tree, walkVolume } from './tree.ts';

/**
 * Litmus programs: a few operations each, with the outcomes that a profile must allow or forbid written down beforehand
 * (docs/fault-model.md section 7).
 */
const root = 1;

function program(...operations: Operation[]): Recording {
  const trace = operations.map((operation): TraceEntry => ({ kind: 'operation', volume: 'data', operation }));
  return { base: emptyTree(['data']), trace };
}

/** Recordings that start from what a program left, all of it on disk. */
function onDisk(start: Recording, ...operations: Operation[]): Recording {
  return { base: liveTree(start), trace: program(...operations).trace };
}

const create = (
  inode: number,
  name: string,
  parent = root,
  inodeKind: 'file' | 'directory' = 'file',
): Operation => ({
  kind: 'create',
  inode,
  inodeKind,
  link: { parent, name },
  mode: 0o644,
  uid: 0,
  gid: 0,
});
const write = (inode: number, text: string, offset = 0): Operation => ({
  kind: 'write',
  inode,
  offset,
  data: Buffer.from(text),
});
const fsync = (inode: number): Operation => ({ kind: 'sync', inode, cause: 'fsync' });
const fdatasync = (inode: number): Operation => ({ kind: 'sync', inode, cause: 'fdatasync' });
const fsyncdir = (inode = root): Operation => ({ kind: 'sync', inode, cause: 'fsyncdir' });
const rename = (inode: number, fromName: string, toName: string, replaced?: number): Operation => ({
  kind: 'rename',
  fromParent: root,
  fromName,
  toParent: root,
  toName,
  inode,
  ...(replaced === undefined ? {} : { replaced }),
  exchange: false,
});
const unlink = (inode: number, name: string): Operation => ({ kind: 'unlink', parent: root, name, inode });

function show(tree: Tree): string {
  const parts: string[] = [];
  for (const { path, inode } of walkVolume(tree, 'data')) {
    if (path === '/') continue;
    if (inode.kind !== 'file') parts.push(`${path.slice(1)}/`);
    else {
      const bytes = Buffer.from(readContent(inode.content, 0, 4096));
      parts.push(`${path.slice(1)}=${squeeze(bytes.toString('latin1'))}`);
    }
  }
  return parts.join(' ') || '(empty)';
}

/** `aaaa` as `a`, NUL as `0`, anything that is not printable as `?`. */
function squeeze(text: string): string {
  const printable = [...text].map((character) =>
    character === '\0' ? '0' : character >= ' ' && character <= '~' ? character : '?',
  );
  return printable.filter((character, index) => character !== printable[index - 1]).join('');
}

/** What may be there when the power goes after the whole program. */
function outcomes(recording: Recording, profileName: string, fault: CrashFault = 'power-loss'): string[] {
  const trace = takeApart(recording);
  const found = crashStates(trace, profileNamed(profileName), fault, { seed: 1, limit: 100_000 });
  expect(found.exhaustive).toBe(true);
  const atEnd = [...found.states].filter((state) => state.point === recording.trace.length);
  return [...new Set(atEnd.map((state) => show(buildImage(trace, state))))].sort();
}

const a = 'a'.repeat(512);
const b = 'b'.repeat(512);

describe('create and write without a barrier', () => {
  const recording = program(create(2, 'f'), write(2, a));

  it('posix: any of name, size and data', () => {
    expect(outcomes(recording, 'posix')).toEqual(['(empty)', 'f=', 'f=0', 'f=a']);
  });

  it('ext4-ordered: never the size before the data', () => {
    expect(outcomes(recording, 'ext4-ordered')).toEqual(['(empty)', 'f=', 'f=a']);
  });

  it('hostile: the gap may show garbage', () => {
    const shown = outcomes(recording, 'hostile');
    expect(shown).toContain('f=0');
    expect(shown.some((outcome) => outcome.includes('?'))).toBe(true);
  });
});

describe('fsync of a file without its directory', () => {
  const recording = program(create(2, 'f'), write(2, a), fsync(2));

  it('posix: the name may be missing', () => {
    expect(outcomes(recording, 'posix')).toEqual(['(empty)', 'f=a']);
  });

  it.each(['ext4-ordered', 'xfs', 'btrfs', 'ext4-data-journal'])(
    '%s: the name is durable with the file',
    (profile) => {
      expect(outcomes(recording, profile)).toEqual(['f=a']);
    },
  );

  it('lying-disk: nothing is durable', () => {
    expect(outcomes(recording, 'lying-disk')).toEqual(['(empty)', 'f=', 'f=0', 'f=a']);
  });
});

describe('fsync of a file and of its directory', () => {
  const recording = program(create(2, 'f'), write(2, a), fsync(2), fsyncdir());

  it.each(['posix', 'hostile', 'ext4-ordered', 'xfs', 'btrfs', 'ext4-data-journal'])(
    '%s: all is there',
    (profile) => {
      expect(outcomes(recording, profile)).toEqual(['f=a']);
    },
  );
});

describe('replace by rename, without fsync of the new file', () => {
  const old = program(create(2, 'f'), write(2, a));
  const recording = onDisk(old, create(3, 't'), write(3, b), rename(3, 't', 'f', 2));

  it('posix: the new name may hold nothing, or zeros', () => {
    const shown = outcomes(recording, 'posix');
    expect(shown).toContain('f=');
    expect(shown).toContain('f=0');
    expect(shown).toContain('f=b');
    expect(shown).toContain('f=a');
    expect(shown.every((outcome) => outcome.includes('f='))).toBe(true);
  });

  it('ext4-ordered: auto_da_alloc forces the data first', () => {
    expect(outcomes(recording, 'ext4-ordered')).toEqual(['f=a', 'f=a t=', 'f=a t=b', 'f=b']);
  });

  it('xfs: the new name may be empty', () => {
    expect(outcomes(recording, 'xfs')).toContain('f=');
  });

  it('hostile: neither name may be there', () => {
    const recordingWithout = onDisk(program(create(3, 't'), write(3, b)), rename(3, 't', 'f'));
    expect(outcomes(recordingWithout, 'hostile')).toEqual(['(empty)', 'f=b', 'f=b t=b', 't=b']);
    expect(outcomes(recordingWithout, 'posix')).toEqual(['f=b', 't=b']);
  });
});

describe('replace by rename, with fsync of the new file and of the directory', () => {
  const old = program(create(2, 'f'), write(2, a));
  const recording = onDisk(old, create(3, 't'), write(3, b), fsync(3), rename(3, 't', 'f', 2), fsyncdir());

  it.each(['posix', 'hostile', 'ext4-ordered', 'xfs', 'ext4-data-journal'])(
    '%s: the new content is there',
    (profile) => {
      expect(outcomes(recording, profile)).toEqual(['f=b']);
    },
  );
});

describe('two files in order', () => {
  const start = program(create(2, 'f'), write(2, a), create(3, 'g'), write(3, a));
  const recording = onDisk(start, write(2, b), write(3, b));

  it.each(['posix', 'ext4-ordered', 'xfs', 'btrfs'])(
    '%s: the second write may be there without the first',
    (profile) => {
      expect(outcomes(recording, profile)).toContain('f=a g=b');
    },
  );

  it('ext4-data-journal: never', () => {
    expect(outcomes(recording, 'ext4-data-journal')).toEqual(['f=a g=a', 'f=b g=a', 'f=b g=b']);
  });
});

describe('overwrite of two sectors', () => {
  const recording = onDisk(program(create(2, 'f'), write(2, a + a)), write(2, b + b));

  it('posix: old or new as one write, torn as two sectors', () => {
    expect(outcomes(recording, 'posix')).toEqual(['f=a', 'f=b']);
    expect(outcomes(recording, 'posix', 'torn-write')).toEqual(['f=ab', 'f=ba']);
  });

  it('hostile: an overwritten sector may hold garbage', () => {
    expect(outcomes(recording, 'hostile', 'torn-write').some((outcome) => outcome.includes('?'))).toBe(true);
  });

  it('btrfs: copy on write never tears', () => {
    expect(outcomes(recording, 'btrfs', 'torn-write')).toEqual([]);
  });
});

describe('unlink, then the same name again', () => {
  const recording = onDisk(program(create(2, 'f'), write(2, a)), unlink(2, 'f'), create(3, 'f'), write(3, b));

  it('posix: old, gone, or any stage of the new one', () => {
    expect(outcomes(recording, 'posix')).toEqual(['(empty)', 'f=', 'f=0', 'f=a', 'f=b']);
  });
});

describe('truncate to zero, write, close', () => {
  const close: Operation = { kind: 'close', inode: 2 };
  const truncate: Operation = { kind: 'truncate', inode: 2, size: 0 };
  const old = program(create(2, 'f'), write(2, a));

  it('posix: the old length may show the new data', () => {
    const shown = outcomes(onDisk(old, truncate, write(2, b), close), 'posix');
    expect(shown).toContain('f=');
    expect(shown).toContain('f=a');
    expect(shown).toContain('f=b');
  });

  it('ext4-ordered: metadata after the close waits for the data', () => {
    const shown = outcomes(onDisk(old, truncate, write(2, b), close, create(3, 'g')), 'ext4-ordered');
    expect(shown).toContain('f=b g=');
    expect(shown).not.toContain('f= g=');
    expect(shown).toContain('f=');
  });
});

describe('fsync of one file after writing another', () => {
  const recording = program(create(2, 'f'), write(2, a), create(3, 'g'), write(3, a), fsync(3));

  it('posix: the other file may be missing, or empty, or zeros', () => {
    const shown = outcomes(recording, 'posix');
    expect(shown).toContain('(empty)');
    expect(shown).toContain('f=');
    expect(shown).toContain('f=0 g=a');
  });

  it('ext4-ordered: its name is there, its data may not be', () => {
    expect(outcomes(recording, 'ext4-ordered')).toEqual(['f= g=a', 'f=a g=a']);
  });

  it('btrfs: the log holds the one file only', () => {
    expect(outcomes(recording, 'btrfs')).toContain('g=a');
  });
});

describe('appends with O_DSYNC', () => {
  const barrier: Operation = { kind: 'sync', inode: 2, cause: 'O_DSYNC' };
  const recording = onDisk(program(create(2, 'f')), write(2, a), barrier, write(2, b, 512), barrier);

  it.each(['posix', 'hostile', 'ext4-ordered', 'xfs', 'btrfs', 'ext4-data-journal'])(
    '%s: all are there',
    (profile) => {
      expect(outcomes(recording, profile)).toEqual(['f=ab']);
    },
  );
});

describe('fdatasync', () => {
  it('covers data and size, not the mode', () => {
    const chmod: Operation = { kind: 'set-meta', inode: 2, mode: 0o600 };
    const recording = onDisk(program(create(2, 'f')), chmod, write(2, a), fdatasync(2));
    const trace = takeApart(recording);
    const { states } = crashStates(trace, profileNamed('posix'), 'power-loss', { seed: 1, limit: 1000 });
    const modes = new Set(
      [...states]
        .filter(({ point }) => point === 3)
        .map((state) => buildImage(trace, state).inodes.get(2)?.mode),
    );
    expect(modes).toEqual(new Set([0o600, 0o644]));
    expect(outcomes(recording, 'posix')).toEqual(['f=a']);
  });
});

describe('a failed fsync', () => {
  const failed: Operation = { kind: 'sync', inode: 2, cause: 'fsync', failed: true };
  const recording = onDisk(program(create(2, 'f')), write(2, a), failed, fsync(2));

  it.each(['posix', 'ext4-ordered', 'xfs'])(
    '%s: a later fsync that answers 0 covers none of that data',
    (profile) => {
      expect(outcomes(recording, profile)).toContain('f=0');
      expect(outcomes(recording, profile)).toContain('f=a');
    },
  );
});

describe('hard link, then unlink of the first name', () => {
  const recording = onDisk(
    program(create(2, 'f'), write(2, a)),
    { kind: 'link', parent: root, name: 'g', inode: 2 },
    unlink(2, 'f'),
  );

  it('posix: even both names may be gone', () => {
    expect(outcomes(recording, 'posix')).toEqual(['(empty)', 'f=a', 'f=a g=a', 'g=a']);
  });

  it.each(['ext4-ordered', 'xfs', 'ext4-data-journal'])('%s: in order', (profile) => {
    expect(outcomes(recording, profile)).toEqual(['f=a', 'f=a g=a', 'g=a']);
  });
});

describe('a directory renamed with a child', () => {
  const start = program(create(2, 'd', root, 'directory'), create(3, 'f', 2), write(3, a));
  const recording = onDisk(start, rename(2, 'd', 'e'));

  it.each(['posix', 'ext4-ordered', 'xfs', 'btrfs'])('%s: the child goes along', (profile) => {
    expect(outcomes(recording, profile)).toEqual(['d/ d/f=a', 'e/ e/f=a']);
  });
});

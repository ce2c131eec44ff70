import { describe, expect, it } from 'vitest';
import { type CrashFault, crashStates } from './crash-states.ts';
import { takeApart } from './effects.ts';
import { outcomes as found } from './fixtures/outcomes.ts';
import {
  close,
  create,
  dsync,
  failedFsync,
  fdatasync,
  fsync,
  fsyncdir,
  link,
  mkdir,
  onDisk,
  program,
  rename,
  truncate,
  unlink,
  write,
} from './fixtures/programs.ts';
import { buildImage } from './image.ts';
import type { Operation } from './operation.ts';
import { profileNamed } from './profile.ts';
import { liveTree, type Recording, type TraceEntry } from './recording.ts';
import { emptyTree } from './tree.ts';

/**
 * Litmus programs with the whole set of what may be found, written down beforehand. scenarios/litmus asks single
 * questions of many more.
 */
function outcomes(recording: Recording, profile: string, fault: CrashFault = 'power-loss'): string[] {
  const all = found(recording, profile, fault);
  if (all === undefined) throw new Error('too many crash states to enumerate');
  return all;
}

const a = 'a'.repeat(512);
const b = 'b'.repeat(512);

describe('create and write without a barrier', () => {
  const recording = program(create(2, 'f'), write(2, a));

  it('posix: any of name, size and data', () => {
    expect(outcomes(recording, 'posix')).toEqual(['(empty)', 'f=', 'f=0', 'f=a']);
  });

  it('ext4-ordered: the size may be ahead of the data', () => {
    expect(outcomes(recording, 'ext4-ordered')).toEqual(['(empty)', 'f=', 'f=0', 'f=a']);
  });

  it('xfs: never the size before the data', () => {
    expect(outcomes(recording, 'xfs')).toEqual(['(empty)', 'f=', 'f=a']);
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
  const recording = onDisk(old, create(3, 't'), write(3, b), rename(3, 't', 'f', { replaced: 2 }));

  it('posix: the new name may hold nothing, or zeros', () => {
    const shown = outcomes(recording, 'posix');
    expect(shown).toContain('f=');
    expect(shown).toContain('f=0');
    expect(shown).toContain('f=b');
    expect(shown).toContain('f=a');
    expect(shown.every((outcome) => outcome.includes('f='))).toBe(true);
  });

  it('ext4-ordered: auto_da_alloc forces the data first', () => {
    expect(outcomes(recording, 'ext4-ordered')).toEqual(['f=a', 'f=a t=', 'f=a t=0', 'f=a t=b', 'f=b']);
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
  const recording = onDisk(
    old,
    create(3, 't'),
    write(3, b),
    fsync(3),
    rename(3, 't', 'f', { replaced: 2 }),
    fsyncdir(),
  );

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
  const old = program(create(2, 'f'), write(2, a));

  it('posix: the old length may show the new data', () => {
    const shown = outcomes(onDisk(old, truncate(2, 0), write(2, b), close(2)), 'posix');
    expect(shown).toContain('f=');
    expect(shown).toContain('f=a');
    expect(shown).toContain('f=b');
  });

  it('ext4-ordered: metadata after the close waits for the data', () => {
    const shown = outcomes(
      onDisk(old, truncate(2, 0), write(2, b), close(2), create(3, 'g')),
      'ext4-ordered',
    );
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
    expect(outcomes(recording, 'ext4-ordered')).toEqual(['f= g=a', 'f=0 g=a', 'f=a g=a']);
  });

  it('btrfs: the log holds the one file only', () => {
    expect(outcomes(recording, 'btrfs')).toContain('g=a');
  });
});

describe('appends with O_DSYNC', () => {
  const recording = onDisk(program(create(2, 'f')), write(2, a), dsync(2), write(2, b, 512), dsync(2));

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
  const recording = onDisk(program(create(2, 'f')), write(2, a), failedFsync(2), fsync(2));

  it.each(['posix', 'ext4-ordered', 'xfs'])(
    '%s: a later fsync that answers 0 covers none of that data',
    (profile) => {
      expect(outcomes(recording, profile)).toEqual(['f=', 'f=0', 'f=a']);
    },
  );
});

describe('hard link, then unlink of the first name', () => {
  const recording = onDisk(program(create(2, 'f'), write(2, a)), link(2, 'g'), unlink(2, 'f'));

  it('posix: even both names may be gone', () => {
    expect(outcomes(recording, 'posix')).toEqual(['(empty)', 'f=a', 'f=a g=a', 'g=a']);
  });

  it.each(['ext4-ordered', 'xfs', 'ext4-data-journal'])('%s: in order', (profile) => {
    expect(outcomes(recording, profile)).toEqual(['f=a', 'f=a g=a', 'g=a']);
  });
});

describe('a directory renamed with a child', () => {
  const start = program(mkdir(2, 'd'), create(3, 'f', 2), write(3, a));
  const recording = onDisk(start, rename(2, 'd', 'e'));

  it.each(['posix', 'ext4-ordered', 'xfs', 'btrfs'])('%s: the child goes along', (profile) => {
    expect(outcomes(recording, profile)).toEqual(['d/ d/f=a', 'e/ e/f=a']);
  });
});

describe('what ext4 forces out when a file is closed', () => {
  it('holds back metadata of its own volume only', () => {
    const base = emptyTree(['data', 'mirror']);
    const on = (volume: string, ...operations: Operation[]): TraceEntry[] =>
      operations.map((operation) => ({ kind: 'operation', volume, operation }));
    const start = liveTree({ base, trace: on('data', create(3, 'f'), write(3, a)) });
    const trace = [...on('data', truncate(3, 0), write(3, b), close(3)), ...on('mirror', create(4, 'g', 2))];
    const taken = takeApart({ base: start, trace });
    const { states } = crashStates(taken, profileNamed('ext4-ordered'), 'power-loss', {
      seed: 1,
      limit: 500,
    });
    const onData = taken.effects.flatMap(({ id, volume }) => (volume === 'data' ? [id] : []));
    expect([...states]).toContainEqual({ point: 4, lost: onData, filler: 'old' });
  });
});

describe('what came before a failed barrier', () => {
  it('keeps its order with what comes after: ext4-data-journal', () => {
    const start = program(create(2, 'f'), write(2, a + a), create(3, 'g'), write(3, a));
    const recording = onDisk(start, write(3, b), write(2, b), failedFsync(2), write(2, b, 512));
    expect(outcomes(recording, 'ext4-data-journal')).toEqual([
      'f=a g=a',
      'f=a g=b',
      'f=ab g=b',
      'f=b g=b',
      'f=ba g=b',
    ]);
  });
});

import type { Effect } from '../effects.ts';
import type { Operation } from '../operation.ts';
import type { OrderBuilder } from '../order.ts';

/** Atom ids; the same one where the rename is atomic. */
export interface RenameAtoms {
  readonly name: number;
  /** Of the old name. It is never there without the new one: there is always one of them. */
  readonly removal: number;
}

/**
 * A rename that is atomic, but where a file goes to another directory. Its two names belong to two directories then, and a barrier on
 * the new one alone leaves both: btrfs does so (docs/fault-model.md, section 3).
 */
export function renameAtoms(
  builder: OrderBuilder,
  effects: readonly Effect[],
  operation: Extract<Operation, { kind: 'rename' }>,
  follows: readonly number[] = [],
): RenameAtoms {
  if (
    operation.exchange ||
    operation.fromParent === operation.toParent ||
    movesDirectory(builder, operation)
  ) {
    const atom = builder.atom(effects, follows);
    return { name: atom, removal: atom };
  }
  const isRemoval = ({ kind }: Effect) => kind === 'unlink';
  const name = builder.atom(
    effects.filter((effect) => !isRemoval(effect)),
    follows,
  );
  return { name, removal: builder.atom(effects.filter(isRemoval), [], [name]) };
}

/** A directory has one name at all times. */
function movesDirectory(
  { trace: { recording } }: OrderBuilder,
  { inode }: Extract<Operation, { kind: 'rename' }>,
): boolean {
  if (recording.base.inodes.get(inode)?.kind === 'directory') return true;
  return recording.trace.some(
    (step) =>
      step.kind === 'operation' &&
      step.operation.kind === 'create' &&
      step.operation.inode === inode &&
      step.operation.inodeKind === 'directory',
  );
}

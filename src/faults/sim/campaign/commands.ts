import fc from 'fast-check';
import { WalError } from '../../../wal/index.ts';
import type { CrashFault } from '../../model/crash-states.ts';
import type { Plan } from '../../plan.ts';
import type { LogModel } from './log-model.ts';
import { type Machine, readLog } from './machine.ts';

type Command = fc.AsyncCommand<LogModel, Machine>;

/** A command by what it does; `describe` is what a failure shows. */
function command(description: string, run: (model: LogModel, machine: Machine) => Promise<void>): Command {
  return { check: () => true, run, toString: () => description };
}

/** A call that may fail when the disk does: then the writer dies, and the model learns what may have happened. */
async function unlessDiskFails(
  machine: Machine,
  work: () => Promise<void>,
  onFailure: () => void,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(await machine.mayFail(error))) throw error;
    onFailure();
    await machine.kill();
  }
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const nothing = () => undefined;

function append(lengths: readonly number[], isDurable: boolean): Command {
  return command(`append(${lengths.join('+')}${isDurable ? ', durably' : ''})`, (model, machine) =>
    unlessDiskFails(
      machine,
      async () => {
        const wal = await machine.log(model);
        const texts = lengths.map((each) => model.newText(each));
        const lsns = model.issue(texts);
        const given = await wal.appendBatch(texts.map(encode));
        if (given.join() !== lsns.join()) throw new Error(`it gave LSNs ${given.join()}, not ${lsns.join()}`);
        if (!isDurable) return;
        await wal.sync();
        model.settle();
      },
      nothing,
    ),
  );
}

function put(key: string, length: number): Command {
  return command(`put(${key}, ${length})`, (model, machine) =>
    unlessDiskFails(
      machine,
      async () => {
        const wal = await machine.log(model);
        const text = model.newText(length);
        model.issue([`${key}=${text}`]);
        await wal.put(encode(key), encode(text));
      },
      nothing,
    ),
  );
}

function stream(lengths: readonly number[]): Command {
  return command(`stream(${lengths.join('+')})`, (model, machine) => {
    const chunks = lengths.map((each) => model.newText(each));
    return unlessDiskFails(
      machine,
      async () => {
        const wal = await machine.log(model);
        model.issueStream(chunks.join(''), await wal.appendStream(chunks.map(encode)));
      },
      () => model.mayHave({ stream: chunks.join('') }),
    );
  });
}

const sync = command('sync', (model, machine) =>
  unlessDiskFails(
    machine,
    async () => {
      await (await machine.log(model)).sync();
      model.settle();
    },
    nothing,
  ),
);

const read = command('read', (model, machine) =>
  unlessDiskFails(
    machine,
    async () => {
      const wal = await machine.log(model);
      const { durableLsn, firstLsn } = wal.stats();
      if (durableLsn < model.durableLsn)
        throw new Error(`durableLsn is ${durableLsn}; ${model.durableLsn} was acknowledged`);
      const expected = model.between(firstLsn, durableLsn);
      const shown = await readLog(wal, durableLsn);
      if (shown.join('\n') !== expected.join('\n'))
        throw new Error(`it shows ${shown.length} records, not ${expected.length}`);
      const lsns: number[] = [];
      for await (const { lsn } of wal.iterate({ to: durableLsn, reverse: true })) lsns.push(lsn);
      if (lsns.reverse().join() !== shown.map((text) => text.split(' ')[0]).join())
        throw new Error('backwards it shows others');
      const damage = await wal.verify();
      if (damage.length > 0)
        throw new WalError('corrupt', `it says that it is damaged: ${damage.join('; ')}`);
    },
    nothing,
  ),
);

function truncateBefore(percent: number): Command {
  return command(`truncateBefore(${percent} %)`, async (model, machine) => {
    const lsn = share(model, percent);
    await unlessDiskFails(
      machine,
      async () => {
        const wal = await machine.log(model);
        await wal.truncateBefore(share(model, percent));
        const { firstLsn } = wal.stats();
        if (firstLsn < model.firstLsn || firstLsn > Math.max(model.firstLsn, share(model, percent)))
          throw new Error(`after truncateBefore it starts at ${firstLsn}`);
        model.letGoBefore(firstLsn);
      },
      () => model.mayHave({ firstLsnMax: Math.max(lsn, share(model, percent), model.firstLsn) }),
    );
  });
}

function truncateAfter(percent: number): Command {
  return command(`truncateAfter(${percent} %)`, async (model, machine) => {
    await unlessDiskFails(
      machine,
      async () => {
        const wal = await machine.log(model);
        const lsn = share(model, percent);
        await wal.truncateAfter(lsn);
        if (lsn >= model.lastLsn) return;
        // What was appended before the cut was durable first.
        model.settle();
        model.cutAfter(lsn);
      },
      () => model.mayHave({ cutAfter: share(model, percent) }),
    );
  });
}

function advanceCursor(percent: number): Command {
  return command(`advanceCursor(${percent} %)`, async (model, machine) => {
    let lsn = 0;
    await unlessDiskFails(
      machine,
      async () => {
        const wal = await machine.log(model);
        lsn = Math.floor((model.durableLsn * percent) / 100);
        await (await wal.cursor('consumer')).advance(lsn);
        model.moveCursor(lsn);
      },
      () => model.mayHave({ cursorLsn: lsn }),
    );
  });
}

function share({ firstLsn, lastLsn }: LogModel, percent: number): number {
  return firstLsn + Math.floor(((lastLsn - firstLsn + 1) * percent) / 100);
}

const close = command('close', (model, machine) =>
  unlessDiskFails(
    machine,
    async () => {
      await machine.log(model);
      await machine.close();
      model.settle();
    },
    nothing,
  ),
);

function kill(plan: Plan): Command {
  return command(`kill${described(plan)}`, (_, machine) => machine.kill(plan));
}

function cutPower(profile: string, fault: CrashFault, pick: number, plan: Plan): Command {
  return command(`cutPower(${profile}, ${fault}, state ${pick})${described(plan)}`, (_, machine) =>
    machine.cutPower(profile, fault, pick, plan),
  );
}

function described(plan: Plan): string {
  return plan.length === 0 ? '' : `, and from then on ${JSON.stringify(plan)}`;
}

function heal(pick: number): Command {
  return command(`heal(state ${pick})`, (model, machine) =>
    unlessDiskFails(machine, () => machine.heal(model, pick), nothing),
  );
}

const length = fc.oneof(fc.nat({ max: 60 }), fc.nat({ max: 5000 }));
const percent = fc.nat({ max: 100 });
const state = fc.nat({ max: 999 });
const profiles = fc.constantFrom('posix', 'hostile', 'ext4-ordered', 'xfs', 'btrfs', 'ext4-data-journal');

/** Programs over the whole API, on a machine that is killed and loses its power, and on whose disks go wrong what `plans` say. */
export function programsWith(plans: fc.Arbitrary<Plan>): fc.Arbitrary<Iterable<Command>> {
  const plan = fc.oneof(fc.constant([]), { weight: 4, arbitrary: plans });
  const appends = (durable: fc.Arbitrary<boolean>) =>
    fc
      .tuple(fc.array(length, { minLength: 1, maxLength: 3 }), durable)
      .map(([lengths, isDurable]) => append(lengths, isDurable));
  return fc.commands(
    [
      appends(fc.boolean()),
      appends(fc.constant(true)),
      fc.tuple(fc.constantFrom('a', 'b'), length).map(([key, bytes]) => put(key, bytes)),
      fc.array(fc.nat({ max: 20_000 }), { minLength: 1, maxLength: 2 }).map(stream),
      fc.constant(sync),
      fc.constant(read),
      percent.map(truncateBefore),
      percent.map(truncateAfter),
      percent.map(advanceCursor),
      fc.constant(close),
      plan.map(kill),
      fc
        .tuple(profiles, fc.constantFrom<CrashFault>('power-loss', 'torn-write'), state, plan)
        .map((parts) => cutPower(...parts)),
      state.map(heal),
    ],
    { maxCommands: 24 },
  );
}

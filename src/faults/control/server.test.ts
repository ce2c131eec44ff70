import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ControlledLayer } from '../layer.ts';
import { emptyTree } from '../model/tree.ts';
import type { Firing } from '../plan.ts';
import { openSimLayer } from '../sim/layer.ts';
import { ControlClient } from './client.ts';
import { ControlServer } from './server.ts';

let directory: string;
let layer: ControlledLayer;
let server: ControlServer;
let path: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'powercut-test-'));
  path = join(directory, 'control');
  layer = openSimLayer(['data', 'mirror']);
  await layer.begin({ base: emptyTree(['data', 'mirror']), trace: [] }, []);
  let seed = 40;
  server = await ControlServer.listen(path, {
    hello: { protocol: 1, directory, volumes: ['data', 'mirror'], profile: 'posix', pid: 1 },
    control: layer.control.bind(layer),
    nextSeed: () => ++seed,
  });
});
afterEach(async () => {
  await server.close();
  await layer.close();
  rmSync(directory, { recursive: true });
});

const lostFsync = { fault: 'lost-fsync', operation: 'sync' } as const;

/** A barrier, and what a mount tells of it: one firing for each rule that is in place. */
async function sync(): Promise<void> {
  if (layer.place.kind !== 'storages') throw new Error('no storages');
  const before = await layer.control({ op: 'list', pattern: '*' });
  await layer.place.storages.get('data')?.syncDirectory('');
  const after = await layer.control({ op: 'list', pattern: '*' });
  for (const [index, { id, rule, fired }] of after.entries()) {
    if (fired > (before[index]?.fired ?? 0))
      server.fired({ id, rule, entry: 0, volume: 'data', operation: 'sync', path: '' });
  }
}

describe('the control socket', () => {
  it('is for its owner alone, and goes when it is closed', async () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await server.close();
    await expect(ControlClient.connect(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('puts rules in place, tells of them, and takes them away', async () => {
    const client = await ControlClient.connect(path);
    expect(await client.request({ op: 'hello' })).toMatchObject({ protocol: 1, volumes: ['data', 'mirror'] });
    expect(
      await client.request({ op: 'add', rules: [lostFsync, { ...lostFsync, id: 'mine', after: 'go' }] }),
    ).toEqual(['1', 'mine']);
    await sync();
    expect(await client.request({ op: 'list' })).toMatchObject([
      { id: '1', matched: 1, fired: 1 },
      { id: 'mine', matched: 0, fired: 0, waiting: true },
    ]);
    expect(await client.request({ op: 'event', name: 'go' })).toEqual(['mine']);
    expect(await client.request({ op: 'clear', pattern: 'm*' })).toEqual(['mine']);
    expect(await client.request({ op: 'list' })).toHaveLength(1);
    client.close();
    await client.gone;
  });

  it('answers each of several clients, who each may wait for several things at once', async () => {
    const [one, other] = [await ControlClient.connect(path), await ControlClient.connect(path)];
    await one.request({ op: 'add', rules: [{ ...lostFsync, id: 'a' }] });
    const watched: Firing[] = [];
    await other.request({ op: 'watch' }, (firing) => watched.push(firing));
    const twice = one.request({ op: 'await', pattern: 'a', times: 2 });
    const next = other.request({ op: 'await', next: true });
    // Requests of one client are begun in their order.
    await other.request({ op: 'stats' });
    await sync();
    expect(await next).toMatchObject({ id: 'a' });
    await sync();
    expect(await twice).toMatchObject({ id: 'a' });
    // What has fired before needs no waiting.
    expect(await one.request({ op: 'await', times: 2, timeoutMs: 5000 })).toMatchObject({ id: 'a' });
    expect(watched.map(({ id }) => id)).toEqual(['a', 'a']);
    one.close();
    other.close();
  });

  it('says why an await was in vain', async () => {
    const client = await ControlClient.connect(path);
    await client.request({ op: 'add', rules: [{ ...lostFsync, path: 'wal/*' }] });
    const awaited = client.request({ op: 'await', timeoutMs: 20 });
    await expect(awaited).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('no sync of wal/*'),
    });
    client.close();
  });

  it('refuses a rule that cannot be, and puts none of its neighbours in place', async () => {
    const client = await ControlClient.connect(path);
    for (const [rules, why] of [
      [[lostFsync, { ...lostFsync, operation: 'write' }], 'can only befall'],
      [[lostFsync, { ...lostFsync, volume: 'none' }], 'there is no volume none; mounted are data, mirror'],
      [
        [
          { ...lostFsync, id: 'x' },
          { ...lostFsync, id: 'x' },
        ],
        'the id x',
      ],
    ] as const) {
      const added = client.request({ op: 'add', rules: rules as never });
      await expect(added).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining(why) });
    }
    expect(await client.request({ op: 'list' })).toEqual([]);
    client.close();
  });

  it('draws another state for each power cut that names no seed', async () => {
    const client = await ControlClient.connect(path);
    expect(await client.request({ op: 'power-cut' })).toEqual({
      profile: 'posix',
      seed: 41,
      pending: 0,
      lost: [],
    });
    expect(await client.request({ op: 'power-cut', profile: 'btrfs' })).toMatchObject({
      profile: 'btrfs',
      seed: 42,
    });
    await expect(client.request({ op: 'power-cut', torn: true })).rejects.toMatchObject({ code: 'no-state' });
    client.close();
  });

  it('answers what is no request, and goes on', async () => {
    const socket = connect(path);
    const lines = createInterface(socket)[Symbol.asyncIterator]();
    const ask = async (text: string) => {
      socket.write(`${text}\n`);
      const { value } = await lines.next();
      return JSON.parse(value);
    };
    const code = 'invalid';
    expect(await ask('nonsense')).toMatchObject({ id: null, ok: false, error: { code } });
    expect(await ask('[1]')).toMatchObject({ id: null, ok: false, error: { code } });
    expect(await ask('{"op":"list"}')).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('id') },
    });
    expect(await ask('{"id":"7","op":"lists"}')).toMatchObject({
      id: '7',
      ok: false,
      error: { message: expect.stringContaining('there are hello, list') },
    });
    expect(await ask('{"id":8,"op":"await","times":0}')).toMatchObject({ id: 8, ok: false, error: { code } });
    expect(await ask('x'.repeat(1_500_000))).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('1048576') },
    });
    expect(await ask('{"id":9,"op":"list"}')).toEqual({ id: 9, ok: true, result: [] });
    socket.destroy();
    await once(socket, 'close');
  });

  it('lets go of a client that goes while it waits', async () => {
    const client = await ControlClient.connect(path);
    const awaited = client.request({ op: 'await', pattern: 'none' });
    client.close();
    await expect(awaited).rejects.toMatchObject({ code: 'failed' });
    await expect(client.request({ op: 'list' })).rejects.toMatchObject({ code: 'failed' });
  });
});

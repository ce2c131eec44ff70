import { describe, expect, it } from 'vitest';
import type { Check } from '../doctor.ts';
import { renderDoctor } from './doctor.ts';

const ready: Check = {
  kind: 'layer',
  name: 'sim',
  ready: true,
  detail: 'needs nothing',
  use: 'subjects in this process',
};
const missing: Check = {
  kind: 'layer',
  name: 'fuse',
  ready: false,
  detail: '/dev/fuse is not there',
  use: 'any program, every fault',
  remedy: 'modprobe fuse; in a container, start it with --device /dev/fuse --cap-add SYS_ADMIN',
};
const tool: Check = {
  kind: 'tool',
  name: 'sqlite3',
  ready: true,
  detail: 'version 3.40.1',
  use: 'the SQLite scenarios',
};

describe('what doctor says', () => {
  it('names what is missing, what it is for and how to get it', () => {
    expect(renderDoctor([ready, missing, tool], { width: 80, colour: false })).toMatchSnapshot();
  });

  it('says so when all is there, and when nothing is', () => {
    const look = { width: 80, colour: false };
    expect(renderDoctor([ready, tool], look)).toContain('Everything can be tested here.');
    expect(renderDoctor([missing], look)).toContain('Nothing can be tested here.');
  });

  it('lets nothing that a system said move the cursor', () => {
    const evil: Check = { ...tool, ready: false, detail: 'error: \u001b[2J', remedy: 'x' };
    expect(renderDoctor([evil], { width: 80, colour: false })).not.toContain('\u001b');
  });
});

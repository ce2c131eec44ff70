import { describe, expect, it } from 'vitest';
import { modulesInOrder } from './modules.ts';

const dependencies = [
  'kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko',
  'kernel/fs/jbd2/jbd2.ko: kernel/lib/crc16.ko',
  'kernel/lib/crc16.ko:',
  'kernel/drivers/md/dm-mod.ko.xz:',
  'kernel/drivers/md/dm-flakey.ko.xz: kernel/drivers/md/dm-mod.ko.xz',
].join('\n');

describe('modulesInOrder', () => {
  it('answers each file once, after those that it needs', () => {
    expect(modulesInOrder(['ext4', 'dm_flakey', 'dm-mod'], dependencies, '')).toEqual([
      'kernel/lib/crc16.ko',
      'kernel/fs/jbd2/jbd2.ko',
      'kernel/fs/ext4/ext4.ko',
      'kernel/drivers/md/dm-mod.ko.xz',
      'kernel/drivers/md/dm-flakey.ko.xz',
    ]);
  });

  it('passes over what the kernel has in itself, and rejects what it has not at all', () => {
    expect(modulesInOrder(['virtio_pci'], dependencies, 'kernel/drivers/virtio/virtio_pci.ko\n')).toEqual([]);
    expect(() => modulesInOrder(['dm-log-writes'], dependencies, '')).toThrow('no module dm-log-writes');
  });
});

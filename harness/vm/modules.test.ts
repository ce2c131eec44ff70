import { describe, expect, it } from 'vitest';
import { modulesInOrder } from './modules.ts';
import { VmUnavailable } from './unavailable.ts';

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

  it('passes over what the kernel has in itself', () => {
    expect(modulesInOrder(['virtio_pci'], dependencies, 'kernel/drivers/virtio/virtio_pci.ko\n')).toEqual([]);
  });

  it('passes over checksums that are no modules of this kernel: Linux moves them', () => {
    expect(modulesInOrder(['crc32c_generic', 'dm-mod', 'sha256_generic'], dependencies, '')).toEqual([
      'kernel/drivers/md/dm-mod.ko.xz',
    ]);
  });

  it('says that there is no machine where the kernel lacks what it needs, and what to do', () => {
    const ask = () => modulesInOrder(['dm-log-writes'], dependencies, '');
    expect(ask).toThrow(VmUnavailable);
    expect(ask).toThrow('the kernel has no module dm-log-writes: run powercut on Debian 12');
  });
});

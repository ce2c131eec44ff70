import { btrfs } from './profiles/btrfs.ts';
import { disk, diskWithoutCache } from './profiles/disk.ts';
import { ext4DataJournal } from './profiles/ext4-data-journal.ts';
import { ext4Ordered } from './profiles/ext4-ordered.ts';
import { hostile } from './profiles/hostile.ts';
import { lyingDisk } from './profiles/lying-disk.ts';
import { posix } from './profiles/posix.ts';
import type { Profile } from './profiles/type.ts';
import { xfs } from './profiles/xfs.ts';
import type { Recording } from './recording.ts';

export type { Profile, Rule } from './profiles/type.ts';

const profiles: readonly Profile[] = [posix, hostile, ext4Ordered, ext4DataJournal, xfs, btrfs, lyingDisk];

export const profileNames: readonly string[] = profiles.map(({ name }) => name);

export function profileNamed(name: string): Profile {
  const profile = profiles.find((candidate) => candidate.name === name);
  if (profile === undefined) {
    const known = profiles.map((candidate) => candidate.name).join(', ');
    throw new RangeError(`there is no profile "${name}"; the profiles are ${known}`);
  }
  return profile;
}

/** Whose rules a crash of this recording obeys: where the volumes are disks, those of the disk, whatever file system is on it. */
export function profileFor({ disks, device }: Recording, name: string): Profile {
  if (disks !== true) return profileNamed(name);
  return device?.volatileCache === false ? diskWithoutCache : disk;
}

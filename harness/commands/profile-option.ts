import { Option } from 'commander';
import { profileNames } from '../scenario.ts';

/** `--profile` where one is meant. */
export function profileOption(): Option {
  return new Option('--profile <name>', 'whose rules a power cut obeys').choices(profileNames);
}

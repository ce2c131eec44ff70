import { WalError } from './errors.ts';

/** Any number will do where LSNs are compared, one between two of them and infinity too: but not what is none. */
export function checkLsns(lsns: Readonly<Record<string, number>>): void {
  for (const [name, lsn] of Object.entries(lsns)) {
    if (typeof lsn === 'number' && !Number.isNaN(lsn)) continue;
    throw new WalError('invalid', `${name} is ${String(lsn)}: expected an LSN`);
  }
}

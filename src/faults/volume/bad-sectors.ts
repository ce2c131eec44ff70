import type { InodeNumber } from '../model/tree.ts';
import type { PlannedFault, PlanRule } from '../plan.ts';
import { sectorsOf } from './medium.ts';
import { type ErrnoName, PosixError } from './posix-error.ts';

export interface BadSector {
  readonly errno: ErrnoName;
  /** Writing it makes it good. */
  readonly heals: boolean;
  /** How many sectors of the same cause may still be made good. */
  readonly spares: { left: number };
}

/** Sectors that answer an error. They belong to their file: where a file is, a fault does not know. */
export class BadSectors {
  readonly #bad = new Map<InodeNumber, Map<number, BadSector>>();
  readonly #damaged = new Map<PlanRule, Set<string>>();

  add(inode: InodeNumber, offset: number, length: number, sector: BadSector): void {
    const sectors = this.#bad.get(inode) ?? new Map<number, BadSector>();
    this.#bad.set(inode, sectors);
    for (const number of sectorsOf(offset, length)) sectors.set(number, sector);
  }

  /** One sector by a rule, each once: a sector that was made good stays good. Answers whether it went bad now. */
  damage(rule: PlannedFault<'latent-sector-error'>, inode: InodeNumber, offset: number): boolean {
    const damaged = this.#damaged.get(rule) ?? new Set<string>();
    this.#damaged.set(rule, damaged);
    const [number] = sectorsOf(offset, 1);
    const place = `${inode} ${number}`;
    if (damaged.has(place)) return false;
    damaged.add(place);
    const spares = { left: rule.spares ?? Number.POSITIVE_INFINITY };
    this.add(inode, offset, 1, { errno: 'EIO', heals: true, spares });
    return true;
  }

  /** Throws if the range touches one. */
  checkRead(inode: InodeNumber, offset: number, length: number): void {
    for (const [number, { errno }] of this.#touched(inode, offset, length)) {
      throw new PosixError(errno, `sector ${number} of inode ${inode} cannot be read`);
    }
  }

  /** Throws if the range touches one that a write does not make good; else makes them good. */
  checkWrite(inode: InodeNumber, offset: number, length: number): void {
    const touched = this.#touched(inode, offset, length);
    for (const [number, { errno, heals, spares }] of touched) {
      if (!heals || spares.left <= 0)
        throw new PosixError(errno, `sector ${number} of inode ${inode} cannot be written`);
    }
    for (const [number, { spares }] of touched) {
      spares.left--;
      this.#bad.get(inode)?.delete(number);
    }
  }

  #touched(inode: InodeNumber, offset: number, length: number): [number, BadSector][] {
    const sectors = this.#bad.get(inode);
    if (sectors === undefined || length <= 0) return [];
    return sectorsOf(offset, length).flatMap((number): [number, BadSector][] => {
      const sector = sectors.get(number);
      return sector === undefined ? [] : [[number, sector]];
    });
  }
}

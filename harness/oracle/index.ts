import type { SubjectClaim } from '../../reports/verdict.ts';
import { atomicity } from './atomicity.ts';
import { availability } from './availability.ts';
import { candour } from './candour.ts';
import { durability } from './durability.ts';
import type { Oracle } from './evidence.ts';
import { integrity } from './integrity.ts';
import { order } from './order.ts';
import { progress } from './progress.ts';
import { stability } from './stability.ts';

/** The judges of the claims. docs/claims.md says what each one holds a subject to. */
export const oracles: Readonly<Record<SubjectClaim, Oracle>> = {
  durability,
  order,
  integrity,
  atomicity,
  availability,
  progress,
  stability,
  candour,
};

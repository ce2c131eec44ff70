import type { Filler } from '../image.ts';
import type { OrderRules } from '../order.ts';

/** A named set of rules that says which crash states are legal. docs/fault-model.md section 3. */
export interface Profile {
  readonly name: string;
  readonly summary: string;
  /** What may show where data was lost, for a write lost whole and for a torn one. */
  readonly fillers: { readonly whole: readonly Filler[]; readonly torn: readonly Filler[] };
  /** What a report cites: for each way in which a state departs from program order, the rule that allows it. */
  readonly permits: Readonly<Record<Departure, Rule>>;
  /** Fresh rules for one trace (they may keep state while they see it). */
  readonly rules: () => OrderRules;
}

/**
 * How a crash state departs from "everything reached the disk". `lost`: effects that no barrier covered are missing.
 * `reordered`: a later effect is there and an earlier one is not. `name`: a name's change is missing though its inode's
 * content is durable. `size-ahead`: a size is there without its data. `torn`: a write is there in part. `garbage`: stale
 * bytes show. `unsafe-overwrite`: so also in a unit that held something before. `split-rename`: half of a rename. `failed-barrier`: data is missing that a barrier after a failed one
 * seemed to cover. `lying-barrier`: a barrier answered 0 and did nothing.
 */
export type Departure =
  | 'lost'
  | 'reordered'
  | 'name'
  | 'size-ahead'
  | 'torn'
  | 'garbage'
  | 'unsafe-overwrite'
  | 'split-rename'
  | 'failed-barrier'
  | 'lying-barrier';

export interface Rule {
  readonly rule: string;
  readonly text: string;
  readonly source: string;
}

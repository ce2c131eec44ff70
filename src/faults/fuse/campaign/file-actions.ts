import fc from 'fast-check';

/** The longest that the file gets. */
export const fileBytesMax = 1 << 18;

/** Which of the two descriptors that are open on the file. */
export type Through = 0 | 1;

export interface Transfer {
  readonly act: 'read' | 'write' | 'readMapped' | 'writeMapped';
  readonly through: Through;
  readonly offset: number;
  readonly length: number;
  /** Of what is written: the first byte; each next one is one more. */
  readonly first: number;
}

/** One thing that is done to the file. Ranges are cut to what there is, or may be, when it is done. */
export type FileAction =
  | Transfer
  | { readonly act: 'truncate'; readonly through: Through; readonly size: number }
  | {
      readonly act: 'allocate';
      readonly through: Through;
      readonly mode: 'reserve' | 'punch' | 'zero';
      readonly keepSize: boolean;
      readonly offset: number;
      readonly length: number;
    }
  | {
      readonly act: 'copy';
      readonly through: Through;
      readonly from: number;
      readonly to: number;
      readonly length: number;
    }
  | { readonly act: 'seek'; readonly through: Through; readonly offset: number }
  | { readonly act: 'reopen'; readonly through: Through; readonly flags: 'r+' | 'rs+' }
  | { readonly act: 'fsync' | 'fdatasync'; readonly through: Through }
  | { readonly act: 'syncMapping' | 'mapAgain' | 'stat' };

const through = fc.constantFrom<Through>(0, 1);
const edge = fc.nat(fileBytesMax / 4096).map((page) => page * 4096);
const offset = fc.oneof(
  fc.nat(fileBytesMax - 1),
  edge,
  edge.map((at) => Math.max(0, at - 1)),
);
const length = fc.oneof(fc.nat(200), fc.nat(70_000), fc.constantFrom(1, 512, 4096, 8192));

const transfer = (act: 'read' | 'write' | 'readMapped' | 'writeMapped') =>
  fc.record({ act: fc.constant(act), through, offset, length, first: fc.nat(255) });

const anyAction: fc.Arbitrary<FileAction> = fc.oneof(
  { weight: 6, arbitrary: transfer('read') },
  { weight: 8, arbitrary: transfer('write') },
  { weight: 6, arbitrary: transfer('readMapped') },
  { weight: 6, arbitrary: transfer('writeMapped') },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('truncate' as const), through, size: offset }) },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('allocate' as const),
      through,
      mode: fc.constantFrom('reserve' as const, 'punch' as const, 'zero' as const),
      keepSize: fc.boolean(),
      offset,
      length,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('copy' as const), through, from: offset, to: offset, length }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('seek' as const), through, offset }) },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('reopen' as const),
      through,
      flags: fc.constantFrom('r+' as const, 'rs+' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constantFrom('fsync' as const, 'fdatasync' as const), through }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constantFrom('syncMapping' as const, 'mapAgain' as const, 'stat' as const),
    }),
  },
);

export const anyActions: fc.Arbitrary<readonly FileAction[]> = fc.array(anyAction, {
  minLength: 50,
  maxLength: 400,
  size: 'max',
});

import { z } from 'zod';

/** The smallest unit that a disk writes. */
export const sectorBytes = 512;

/**
 * What kind of disk the volumes are, where it is not the usual one: sectors of 512 bytes, a volatile cache, room without
 * end. docs/fault-model.md, "Devices", says what each key changes, and where it comes from.
 */
export const deviceSchema = z.strictObject({
  unitBytes: z
    .union([z.literal(512), z.literal(4096), z.literal(16384)], {
      error: '`unitBytes` is 512, 4096 or 16384',
    })
    .exactOptional()
    .describe('What the disk writes whole or not at all; 512 where absent'),
  powersafeOverwrite: z
    .boolean()
    .exactOptional()
    .describe('False: a unit that is being overwritten when the power goes may hold garbage'),
  volatileCache: z
    .boolean()
    .exactOptional()
    .describe(
      'False: what the disk has answered is durable, so that a flush which does nothing does no harm',
    ),
  capacityBytes: z
    .int()
    .min(4096)
    .exactOptional()
    .describe('What the files of one volume can take up, in pages of 4096 bytes'),
});

export type Device = Readonly<z.output<typeof deviceSchema>>;

export function unitBytesOf(device: Device | undefined): number {
  return device?.unitBytes ?? sectorBytes;
}

/** `a disk with units of 4096 bytes, no powersafe overwrite`: only what is not usual. */
export function describeDevice(device: Device): string {
  const { unitBytes, powersafeOverwrite, volatileCache, capacityBytes } = device;
  const traits = [
    ...(unitBytes === undefined ? [] : [`units of ${unitBytes} bytes`]),
    ...(powersafeOverwrite === undefined ? [] : [`${powersafeOverwrite ? '' : 'no '}powersafe overwrite`]),
    ...(volatileCache === undefined ? [] : [`${volatileCache ? 'a' : 'no'} volatile cache`]),
    ...(capacityBytes === undefined ? [] : [`room for ${capacityBytes} bytes`]),
  ];
  return traits.length === 0 ? 'the usual disk' : `a disk with ${traits.join(', ')}`;
}

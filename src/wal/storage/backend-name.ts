/** How commits reach the disk: see docs/wal-backends.md. */
export const backendNames = ['auto', 'buffered', 'direct', 'uring'] as const;

export type BackendName = (typeof backendNames)[number];

import type { Settings } from '../options.ts';
import type { Committer } from './committer.ts';

/** Starts what the strategy `{ everyMs }` asks for; answers how to stop it. A barrier that fails is the log's failure: it is kept there. */
export function syncRegularly(
  committer: Committer,
  { sync, timers }: Pick<Settings, 'sync' | 'timers'>,
): () => void {
  if (typeof sync === 'string') return () => undefined;
  return timers.every(sync.everyMs, () => {
    committer.sync(committer.nextLsn - 1).catch(() => undefined);
  });
}

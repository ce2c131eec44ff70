import { LaneProcess } from './process.ts';

/** The lanes of a run: as many processes as cores are wanted, started when they are first needed. */
export class Lanes {
  private readonly count: number;
  private readonly onJudged: (count: number) => void;
  private started: { readonly isolated: boolean; readonly lanes: readonly LaneProcess[] } | undefined;

  constructor(count: number, onJudged: (count: number) => void) {
    this.count = count;
    this.onJudged = onJudged;
  }

  /** All lanes, isolated (as the fuse layer needs) or not. */
  async take(isolated: boolean): Promise<readonly LaneProcess[]> {
    if (this.started?.isolated === isolated) return this.started.lanes;
    await this.close();
    const lanes = Array.from(
      { length: this.count },
      (_, cpu) => new LaneProcess({ isolated, cpu, onJudged: this.onJudged }),
    );
    this.started = { isolated, lanes };
    return lanes;
  }

  /** What is under way answers with what it has. */
  stop(): void {
    for (const lane of this.started?.lanes ?? []) lane.stop();
  }

  async close(): Promise<void> {
    const lanes = this.started?.lanes ?? [];
    this.started = undefined;
    await Promise.all(lanes.map((lane) => lane.close()));
  }
}

import { type LaneNamespaces, LaneProcess } from './process.ts';

/** The lanes of a run: as many processes as cores are wanted, started when they are first needed. */
export class Lanes {
  private readonly count: number;
  private readonly onJudged: (count: number) => void;
  private started:
    | { readonly namespaces: LaneNamespaces; readonly lanes: readonly LaneProcess[] }
    | undefined;

  constructor(count: number, onJudged: (count: number) => void) {
    this.count = count;
    this.onJudged = onJudged;
  }

  async take(namespaces: LaneNamespaces): Promise<readonly LaneProcess[]> {
    if (this.started?.namespaces === namespaces) return this.started.lanes;
    await this.close();
    const lanes = Array.from(
      { length: this.count },
      (_, cpu) => new LaneProcess({ namespaces, cpu, onJudged: this.onJudged }),
    );
    this.started = { namespaces, lanes };
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

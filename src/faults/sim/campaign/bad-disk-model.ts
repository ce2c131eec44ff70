import { LogModel, parseShown, type Shown } from './log-model.ts';

/** Records that were appended together. */
interface Issued {
  /** undefined: the call failed, and nobody knows. */
  readonly firstLsn: number | undefined;
  readonly lastLsn: number;
  readonly texts: readonly string[];
  readonly isStream: boolean;
}

/** How much of the disk's faults a log has met. */
export type Harm = 'none' | 'one spot' | 'any';

/**
 * What a log on one disk that may do anything must still hold. It may lose records: with one spoiled spot no more than the last batch,
 * unless it says so (docs/wal-format.md section 7, The limit). It must never show what was not appended under that LSN, a batch in
 * part, or an LSN without its record.
 */
export class BadDiskModel extends LogModel {
  readonly #issued = new Map<string, Issued>();
  /** LSNs of the parts of streams: most show nothing. */
  readonly #parts = new Set<number>();
  readonly #cuts = new Set<number>();
  readonly #hasGaps: boolean;
  /** A stream was cut short: its parts have LSNs that nobody was told. */
  #hasStrayParts = false;
  /** What was durable before the last batch. */
  #durableBefore = 0;

  /** `hasGaps`: it is opened with policy `salvage`, which shows each record that is good, and after which others are missing for good. */
  constructor(hasGaps: boolean) {
    super();
    this.#hasGaps = hasGaps;
  }

  override issue(texts: readonly string[]): number[] {
    const lsns = super.issue(texts);
    const batch = { firstLsn: lsns[0], lastLsn: this.lastLsn, texts, isStream: false };
    for (const text of texts) this.#issued.set(text, batch);
    return lsns;
  }

  override issueStream(text: string, lastLsn: number): void {
    const firstLsn = this.lastLsn + 1;
    super.issueStream(text, lastLsn);
    for (let lsn = firstLsn; lsn <= lastLsn; lsn++) this.#parts.add(lsn);
    this.#issued.set(text, { firstLsn, lastLsn, texts: [text], isStream: true });
  }

  override settle(): void {
    if (this.durableLsn < this.lastLsn) this.#durableBefore = this.durableLsn;
    super.settle();
  }

  override cutAfter(lsn: number): void {
    super.cutAfter(lsn);
    this.#cuts.add(lsn);
    this.#durableBefore = Math.min(this.#durableBefore, lsn);
  }

  override mayHave(effect: Parameters<LogModel['mayHave']>[0]): void {
    super.mayHave(effect);
    const { stream, cutAfter } = effect;
    if (cutAfter !== undefined) {
      this.#cuts.add(cutAfter);
      this.#durableBefore = Math.min(this.#durableBefore, cutAfter);
    }
    if (stream === undefined) return;
    this.#hasStrayParts = true;
    this.#issued.set(stream, { firstLsn: undefined, lastLsn: 0, texts: [stream], isStream: true });
  }

  /** `isTold`: the log said that something is damaged or lost. */
  reopenHarmed(shown: Shown, { harm, isTold }: { harm: Harm; isTold: boolean }): string | undefined {
    if (harm === 'none' && !isTold) return this.reopen(shown);
    const { firstLsn, lastLsn, texts, cursorLsn } = shown;
    if (harm === 'one spot' && !isTold && lastLsn < this.#durableBefore)
      return `it ends at LSN ${lastLsn} and says nothing; ${this.#durableBefore} was durable before the last batch`;
    if (cursorLsn > lastLsn) return `its cursor stands at ${cursorLsn}, and it ends at LSN ${lastLsn}`;
    const problem = this.#isRight(shown) ?? (isTold ? undefined : this.#isDense(shown));
    if (problem !== undefined) return problem;
    this.become({ firstLsn, lastLsn, texts, cursorLsn }, (text) => {
      const issued = this.#issued.get(text);
      return issued?.isStream === true ? issued.firstLsn : undefined;
    });
    this.#durableBefore = Math.min(this.#durableBefore, lastLsn);
    return undefined;
  }

  #isRight({ firstLsn, texts }: Shown): string | undefined {
    const found = texts.map(parseShown);
    const shown = new Map(found.map(({ lsn, text }) => [text, lsn]));
    for (const { lsn, text } of found) {
      const issued = this.#issued.get(text);
      if (issued === undefined) return `record ${lsn} is ${text.slice(0, 24)}, which was never appended`;
      if (issued.firstLsn === undefined || issued.isStream) continue;
      if (issued.texts[lsn - issued.firstLsn] !== text) return `record ${lsn} was appended under another LSN`;
      if (this.#hasGaps) continue;
      for (const [index, other] of issued.texts.entries()) {
        const otherLsn = issued.firstLsn + index;
        const isLetGo = otherLsn < firstLsn || this.#isCutBetween(lsn, otherLsn);
        if (!isLetGo && shown.get(other) !== otherLsn)
          return `record ${lsn} is there, and record ${otherLsn} of its batch is not`;
      }
    }
    return undefined;
  }

  #isCutBetween(lsn: number, laterLsn: number): boolean {
    return [...this.#cuts].some((cut) => lsn <= cut && cut < laterLsn);
  }

  #isDense({ firstLsn, lastLsn, texts }: Shown): string | undefined {
    if (this.#hasGaps || this.#hasStrayParts) return undefined;
    const lsns = new Set(texts.map((text) => parseShown(text).lsn));
    for (let lsn = firstLsn; lsn <= lastLsn; lsn++)
      if (!lsns.has(lsn) && !this.#parts.has(lsn)) return `record ${lsn} is missing, and nothing says so`;
    return undefined;
  }
}

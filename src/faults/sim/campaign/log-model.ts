/** What a log shows once it is open. */
export interface Shown {
  readonly firstLsn: number;
  readonly lastLsn: number;
  /** `LSN text`, in the order of the LSNs. */
  readonly texts: readonly string[];
  readonly cursorLsn: number;
}

/** What a log must show: the plainest model there is. */
export class LogModel {
  /** Each shown record by its LSN. Inner parts of streams have an LSN and no entry. */
  readonly #records = new Map<number, string>();
  /** LSN of the first part of the stream whose last part has an LSN. */
  readonly #streams = new Map<number, number>();
  /** Where a log may end after a crash: a batch is there whole or not at all. */
  readonly #ends = new Set([0]);
  #texts = 0;
  #lastLsn = 0;
  #durableLsn = 0;
  #firstLsn = 1;
  #cursorLsn = 0;
  /** A call that failed or was cut short may have done its work, or not. */
  #maybe: {
    readonly cutAfter?: number;
    readonly firstLsnMax?: number;
    readonly cursorLsn?: number;
    readonly stream?: string;
  } = {};

  get lastLsn(): number {
    return this.#lastLsn;
  }

  get durableLsn(): number {
    return this.#durableLsn;
  }

  get firstLsn(): number {
    return this.#firstLsn;
  }

  get cursorLsn(): number {
    return this.#cursorLsn;
  }

  /** A text like no other, of about that length. */
  newText(length: number): string {
    return `t${++this.#texts} `.padEnd(length, '.');
  }

  /** Records that are shown together or not at all get the LSNs that follow. Answers them. */
  issue(texts: readonly string[]): number[] {
    const lsns = texts.map((text, index) => {
      const lsn = this.#lastLsn + 1 + index;
      this.#records.set(lsn, text);
      return lsn;
    });
    this.#lastLsn += texts.length;
    this.#ends.add(this.#lastLsn);
    return lsns;
  }

  /** A stream counts from its last part on; each part may be where the log ends. */
  issueStream(text: string, lastLsn: number): void {
    for (let lsn = this.#lastLsn + 1; lsn <= lastLsn; lsn++) this.#ends.add(lsn);
    this.#records.set(lastLsn, text);
    this.#streams.set(lastLsn, this.#lastLsn + 1);
    this.#lastLsn = lastLsn;
  }

  /** Everything that was issued is durable. */
  settle(): void {
    this.#durableLsn = this.#lastLsn;
  }

  cutAfter(lsn: number): void {
    for (let each = lsn + 1; each <= this.#lastLsn; each++) {
      this.#records.delete(each);
      this.#streams.delete(each);
      this.#ends.delete(each);
    }
    this.#ends.add(lsn);
    this.#lastLsn = lsn;
    this.#durableLsn = Math.min(this.#durableLsn, lsn);
    this.#cursorLsn = Math.min(this.#cursorLsn, lsn);
  }

  letGoBefore(firstLsn: number): void {
    this.#firstLsn = firstLsn;
  }

  moveCursor(lsn: number): void {
    this.#cursorLsn = Math.max(this.#cursorLsn, lsn);
  }

  /** A call failed: it may have had its effect. `stream`: of what it should have appended, under LSNs that nobody knows. */
  mayHave(effect: {
    readonly cutAfter?: number;
    readonly firstLsnMax?: number;
    readonly cursorLsn?: number;
    readonly stream?: string;
  }): void {
    this.#maybe = { ...this.#maybe, ...effect };
  }

  /** The records from one LSN to another, both included. A stream of which parts were let go of is not shown. */
  between(from: number, to: number): string[] {
    const texts: string[] = [];
    for (let lsn = from; lsn <= to; lsn++) {
      const text = this.#records.get(lsn);
      const isWhole = (this.#streams.get(lsn) ?? from) >= from;
      if (text !== undefined && isWhole) texts.push(`${lsn} ${text}`);
    }
    return texts;
  }

  /**
   * What is wrong with a log that was opened after a crash or a close, undefined if nothing is. From then on the model is what was
   * shown: it is durable.
   */
  reopen(shown: Shown): string | undefined {
    const { firstLsn, lastLsn, texts, cursorLsn } = shown;
    const {
      cutAfter,
      firstLsnMax = this.#firstLsn,
      cursorLsn: cursorMax = this.#cursorLsn,
      stream,
    } = this.#maybe;
    const isCut = lastLsn === cutAfter;
    const isMore = stream !== undefined && lastLsn > this.#lastLsn;
    const isLegalEnd = isCut || this.#ends.has(lastLsn) || isMore;
    if (firstLsn < this.#firstLsn || firstLsn > firstLsnMax)
      return `it starts at LSN ${firstLsn}, not ${this.#firstLsn}`;
    if (!isCut && lastLsn < this.#durableLsn)
      return `it ends at LSN ${lastLsn}; ${this.#durableLsn} was durable`;
    if (!isLegalEnd)
      return `it ends at LSN ${lastLsn}, in the middle of a batch or behind all that was appended`;
    if (isMore && texts.at(-1) === `${lastLsn} ${stream}`) this.issueStream(stream, lastLsn);
    const expected = this.between(firstLsn, lastLsn);
    if (texts.join('\n') !== expected.join('\n'))
      return `it shows [${brief(texts)}], not [${brief(expected)}]`;
    const cursorMin = cutAfter === undefined ? this.#cursorLsn : Math.min(this.#cursorLsn, cutAfter);
    if (cursorLsn < cursorMin || cursorLsn > Math.max(cursorMax, this.#cursorLsn))
      return `its cursor stands at ${cursorLsn}, not ${this.#cursorLsn}`;
    this.cutAfter(Math.min(lastLsn, this.#lastLsn));
    for (let lsn = this.#lastLsn + 1; lsn <= lastLsn; lsn++) this.#ends.add(lsn);
    this.#lastLsn = lastLsn;
    this.#durableLsn = lastLsn;
    this.#firstLsn = firstLsn;
    this.#cursorLsn = cursorLsn;
    this.#maybe = {};
    return undefined;
  }

  /** From now on the model is what was shown, and all of it is durable. `streamFrom`: where the stream of a text begins, if it is one. */
  protected become(
    { firstLsn, lastLsn, texts, cursorLsn }: Shown,
    streamFrom: (text: string) => number | undefined,
  ): void {
    this.#records.clear();
    this.#streams.clear();
    for (const { lsn, text } of texts.map(parseShown)) {
      this.#records.set(lsn, text);
      const from = streamFrom(text);
      if (from !== undefined) this.#streams.set(lsn, from);
    }
    this.#ends.add(lastLsn);
    this.#firstLsn = firstLsn;
    this.#lastLsn = lastLsn;
    this.#durableLsn = lastLsn;
    this.#cursorLsn = cursorLsn;
    this.#maybe = {};
  }
}

export function parseShown(shown: string): { readonly lsn: number; readonly text: string } {
  const space = shown.indexOf(' ');
  return { lsn: Number(shown.slice(0, space)), text: shown.slice(space + 1) };
}

function brief(texts: readonly string[]): string {
  return texts.map((text) => text.slice(0, 24)).join(', ');
}

/** `failed`: after an earlier `io`, the log accepts nothing until it is opened again. */
export type LogErrorCode = 'corrupt' | 'io' | 'failed' | 'invalid';

export class LogError extends Error {
  override readonly name = 'LogError';
  readonly code: LogErrorCode;

  constructor(code: LogErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

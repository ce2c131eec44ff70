import type Docker from 'dockerode';

/** The Docker engine took a question and did not answer it in time. */
export class EngineSilence extends Error {
  override readonly name = 'EngineSilence';

  constructor(question: string, limitMs: number) {
    super(
      `the Docker engine did not answer ${question} within ${limitMs / 1000} s: look into its log, and start it again if it hangs`,
    );
  }
}

/** A container's end takes as long as it takes: who waits for it sets the limit. */
const unlimited = /^\/containers\/[^/]+\/(wait|stop)$/;

/** Answered when the whole image is there. */
const images = /^\/(images\/create|build)$/;
const imageMs = 300_000;

/**
 * Whatever is asked of this engine from now on is answered within `answerMs`, or rejects with an {@link EngineSilence}.
 * A stream, such as that of an attached container, counts as answered when it opens.
 */
export function limitSilence(docker: Docker, answerMs: number): Docker {
  const { modem } = docker;
  const dial: Docker['modem']['dial'] = modem.dial.bind(modem);
  modem.dial = (options, done) => {
    const [path = ''] = options.path.split('?');
    if (unlimited.test(path)) return dial(options, done);
    const limitMs = images.test(path) ? imageMs : answerMs;
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), limitMs);
    dial({ ...options, abortSignal: silence.signal }, (error, answer) => {
      clearTimeout(timer);
      const isSilent = silence.signal.aborted;
      done?.(isSilent ? new EngineSilence(`${options.method} ${path}`, limitMs) : error, answer);
    });
  };
  return docker;
}

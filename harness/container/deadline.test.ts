import { afterEach, describe, expect, it, vi } from 'vitest';
import { EngineSilence } from './deadline.ts';
import { connect } from './engine.ts';
import { FakeEngine } from './fixtures/fake-engine.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('an engine', () => {
  it('that does not answer is told from one that does, with the question and the time', async () => {
    using engine = await FakeEngine.start((question) =>
      question === 'GET /version' ? [200, { Version: '1' }] : undefined,
    );
    vi.stubEnv('DOCKER_HOST', engine.host);
    expect(await connect().version()).toEqual({ Version: '1' });
    const asked = connect(50).createContainer({ Image: 'image' });
    await expect(asked).rejects.toThrow(EngineSilence);
    await expect(asked).rejects.toThrow(
      'the Docker engine did not answer POST /containers/create within 0.05 s: look into its log',
    );
  });

  it('that refuses says so itself', async () => {
    using engine = await FakeEngine.start(() => [500, { message: 'no space left' }]);
    vi.stubEnv('DOCKER_HOST', engine.host);
    await expect(connect().createContainer({ Image: 'image' })).rejects.toThrow(/500.*no space left/);
  });

  it('may take its time to tell how a container ended', async () => {
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    using engine = await FakeEngine.start(async (question) => {
      if (question !== 'POST /containers/c1/wait') return undefined;
      await ended;
      return [200, { StatusCode: 3 }];
    });
    vi.stubEnv('DOCKER_HOST', engine.host);
    const docker = connect(50);
    const waiting = docker.getContainer('c1').wait();
    await expect(docker.getContainer('c1').inspect()).rejects.toThrow(EngineSilence);
    await expect(docker.getContainer('c1').inspect()).rejects.toThrow(EngineSilence);
    end();
    expect(await waiting).toEqual({ StatusCode: 3 });
  });
});

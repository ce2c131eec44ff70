import { describe, expect, it } from 'vitest';
import { createRandom } from './random.ts';

/** Replays depend on these streams: a change here makes every recorded seed mean something else. */
describe('a seeded stream', () => {
  const draw = (seed: number, label?: string, limit = 1000) => {
    const random = createRandom(seed, label);
    return Array.from({ length: 8 }, () => random.below(limit));
  };

  it('is the same for ever', () => {
    expect({
      plain: draw(0),
      seeded: draw(42),
      negative: draw(-1),
      large: draw(2 ** 31 + 7),
      labelled: draw(42, 'crash-states'),
      wide: draw(42, '', 2 ** 32),
      bytes: Buffer.from(createRandom(7, 'garbage').bytes(12)).toString('hex'),
      forked: createRandom(42, 'a').fork('b').below(1000),
    }).toMatchInlineSnapshot(`
      {
        "bytes": "6e58ed1fddb95292ba48d377",
        "forked": 424,
        "labelled": [
          184,
          847,
          648,
          956,
          34,
          453,
          268,
          715,
        ],
        "large": [
          37,
          977,
          457,
          434,
          571,
          64,
          572,
          378,
        ],
        "negative": [
          613,
          370,
          625,
          281,
          438,
          86,
          321,
          37,
        ],
        "plain": [
          682,
          980,
          804,
          537,
          739,
          550,
          260,
          272,
        ],
        "seeded": [
          640,
          126,
          481,
          631,
          918,
          194,
          78,
          817,
        ],
        "wide": [
          4276314640,
          1752752126,
          1553663481,
          1335246631,
          2205362918,
          1661878194,
          1103223078,
          911489817,
        ],
      }
    `);
  });

  it('differs by seed and by label', () => {
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(1, 'a')).not.toEqual(draw(1, 'b'));
    expect(draw(1, 'a')).not.toEqual(draw(1));
  });

  it('forks independently of how far it was read', () => {
    const [fresh, read] = [createRandom(3, 'x'), createRandom(3, 'x')];
    read.bytes(100);
    expect(read.fork('y').below(1 << 30)).toBe(fresh.fork('y').below(1 << 30));
    expect(
      createRandom(3, 'x')
        .fork('y')
        .below(1 << 30),
    ).toBe(createRandom(3, 'x/y').below(1 << 30));
  });

  it('stays below its limit and reaches all of it', () => {
    const random = createRandom(5);
    const seen = new Set(Array.from({ length: 400 }, () => random.below(7)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(Array.from({ length: 20 }, () => random.below(1))).toEqual(Array(20).fill(0));
  });

  it('is as likely as it was asked to be', () => {
    const random = createRandom(6);
    const hits = Array.from({ length: 8000 }, () => random.chance(1, 4)).filter(Boolean).length;
    expect(hits).toBeGreaterThan(1800);
    expect(hits).toBeLessThan(2200);
    expect(random.chance(0, 4)).toBe(false);
    expect(random.chance(4, 4)).toBe(true);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Exchanges, type Line, NoReplyError, RefusedError } from '../../devices/dock/exchanges.ts';
import type { Fields } from '../../devices/dock/messages.ts';

const SN = '4TADKAQ000002J';

interface Said {
  readonly channel: string;
  readonly tid: string;
  readonly bid: string;
  readonly timestamp: number;
  readonly data: Fields;
  readonly [field: string]: unknown;
}

/** A line that answers what the test says, and remembers everything. */
function fakeLine(): Line & { said: Said[]; onSaid: (said: Said) => void; up: Promise<void> } {
  const line = {
    said: [] as Said[],
    onSaid: (_said: Said) => {},
    up: Promise.resolve(),
    connected: () => line.up,
    publish: (channel: string, payload: string) => {
      const said = { channel, ...JSON.parse(payload) } as Said;
      line.said.push(said);
      line.onSaid(said);
    },
  };
  return line;
}

const event = (stop = new AbortController()) =>
  ({
    channel: 'events',
    method: 'file_upload_callback',
    data: { file: {} },
    signal: stop.signal,
  }) as const;

describe('a dock that waits for replies', () => {
  let line: ReturnType<typeof fakeLine>;
  let exchanges: Exchanges;

  beforeEach(() => {
    vi.useFakeTimers();
    line = fakeLine();
    exchanges = new Exchanges(SN, line);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const answer = ({ tid, bid }: Said, data: Fields) =>
    exchanges.receive('events', { tid, bid, method: '', data });

  it('sends an event once when there is a reply, with need_reply', async () => {
    line.onSaid = (said) => answer(said, { result: 0 });
    await expect(exchanges.ask(event())).resolves.toEqual({ result: 0 });
    expect(line.said).toEqual([
      {
        channel: 'events',
        tid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        bid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        timestamp: expect.any(Number),
        gateway: SN,
        method: 'file_upload_callback',
        need_reply: 1,
        data: { file: {} },
      },
    ]);
  });

  it('sets need_reply in events only, since requests always have replies', async () => {
    line.onSaid = ({ tid, bid }) =>
      exchanges.receive('requests', { tid, bid, method: '', data: { result: 0 } });
    await exchanges.ask({ ...event(), channel: 'requests', method: 'config' });
    expect(line.said[0]).not.toHaveProperty('need_reply');
  });

  it('sends it again with the same ids after 10 s', async () => {
    const asking = exchanges.ask(event());
    await vi.advanceTimersByTimeAsync(9_999);
    expect(line.said).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(line.said).toHaveLength(2);
    const [first, second] = line.said as [Said, Said];
    expect([second.tid, second.bid]).toEqual([first.tid, first.bid]);
    expect(second.timestamp).toBe(first.timestamp + 10_000);
    answer(second, { result: 0 });
    await asking;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(line.said).toHaveLength(2);
  });

  it('stops after a minute, and reports the number of attempts', async () => {
    const asking = exchanges.ask(event()).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(60_000);
    const error = await asking;
    expect(error).toBeInstanceOf(NoReplyError);
    expect(String(error)).toContain('file_upload_callback, sent 6 times, every 10 s');
    expect(line.said).toHaveLength(6);
  });

  it('ignores replies to other messages', async () => {
    const asking = exchanges.ask(event()).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(0);
    const [said] = line.said as [Said];
    answer({ ...said, tid: 'other' }, { result: 0 });
    answer({ ...said, bid: 'other' }, { result: 0 });
    exchanges.receive('requests', { tid: said.tid, bid: said.bid, method: '', data: { result: 0 } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await asking).toBeInstanceOf(NoReplyError);
  });

  it('distinguishes concurrent exchanges', async () => {
    const first = exchanges.ask(event());
    const second = exchanges.ask(event());
    await vi.advanceTimersByTimeAsync(0);
    answer(line.said[1] as Said, { result: 0, output: 'second' });
    answer(line.said[0] as Said, { result: 0, output: 'first' });
    await expect(first).resolves.toMatchObject({ output: 'first' });
    await expect(second).resolves.toMatchObject({ output: 'second' });
  });

  it('fails at once with the reason of a refusal', async () => {
    line.onSaid = (said) => answer(said, { result: 404 });
    const error = await exchanges.ask(event()).catch((refused: unknown) => refused);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ result: 404, transient: false });
    expect(String(error)).toContain('the object is not in the bucket');
    expect(line.said).toHaveLength(1);
  });

  it('tries again with the same ids after a server error', async () => {
    line.onSaid = (said) => answer(said, { result: line.said.length < 3 ? 503 : 0 });
    const asking = exchanges.ask(event());
    await vi.advanceTimersByTimeAsync(5_000);
    await expect(asking).resolves.toEqual({ result: 0 });
    expect(line.said).toHaveLength(3);
    expect(new Set(line.said.map(({ tid, bid }) => tid + bid)).size).toBe(1);
  });

  it('waits for a connection, without counting attempts', async () => {
    const back = Promise.withResolvers<void>();
    line.up = back.promise;
    const asking = exchanges.ask(event());
    await vi.advanceTimersByTimeAsync(300_000);
    expect(line.said).toHaveLength(0);
    back.resolve();
    await vi.advanceTimersByTimeAsync(0);
    answer(line.said[0] as Said, { result: 0 });
    await asking;
  });

  it('accepts a reply without a result, as that to config, as success', async () => {
    line.onSaid = (said) => answer(said, { app_id: '1' });
    await expect(exchanges.ask(event())).resolves.toEqual({ app_id: '1' });
  });

  it('stops waiting when it is aborted', async () => {
    const stop = new AbortController();
    const asking = exchanges.ask(event(stop)).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(10);
    stop.abort(new Error('stopped by Ctrl-C'));
    expect(String(await asking)).toContain('stopped by Ctrl-C');
    expect(vi.getTimerCount()).toBe(0);
  });
});

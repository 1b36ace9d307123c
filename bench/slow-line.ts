/** A slow line, as a TCP proxy: all connections share its rate, and each direction has a delay. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** The properties of a line, for each direction. */
export interface LineProperties {
  readonly bitsPerSecond: number;
  /** From one end to the other. */
  readonly delayInMilliseconds: number;
}

/** The most bytes of one connection that wait, as in a router's buffer. Above it the sender is paused. */
const QUEUE_IN_BYTES = 256 * 1024;

/** One direction of the line. The bytes of all connections are sent in one sequence. */
class Direction {
  readonly #bytesPerMillisecond: number;
  readonly delayInMilliseconds: number;
  #freeAt = 0;

  constructor({ bitsPerSecond, delayInMilliseconds }: LineProperties) {
    this.#bytesPerMillisecond = bitsPerSecond / 8 / 1000;
    this.delayInMilliseconds = delayInMilliseconds;
  }

  /** The time when the last of these bytes is sent. */
  take(bytes: number): number {
    this.#freeAt = Math.max(this.#freeAt, performance.now()) + bytes / this.#bytesPerMillisecond;
    return this.#freeAt;
  }
}

/**
 * Calls functions in the order in which they were added, each at its time, or as soon after it as timers
 * allow.
 */
class Agenda {
  readonly #entries: { readonly at: number; readonly what: () => void }[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `at` is never earlier than the one before. */
  add(at: number, what: () => void): void {
    this.#entries.push({ at, what });
    this.#timer ??= setTimeout(() => this.#run(), Math.max(0, at - performance.now()));
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#entries.length = 0;
  }

  #run(): void {
    this.#timer = undefined;
    while (this.#entries[0] && this.#entries[0].at <= performance.now()) this.#entries.shift()?.what();
    const [next] = this.#entries;
    if (next) this.#timer ??= setTimeout(() => this.#run(), Math.max(0, next.at - performance.now()));
  }
}

/** Carries one direction of a connection. */
function carry(from: Socket, to: Socket, direction: Direction, openFrom: number): void {
  const departures = new Agenda();
  const arrivals = new Agenda();
  let queued = 0;
  from.on('data', (chunk: Buffer) => {
    const leftAt = direction.take(chunk.length);
    queued += chunk.length;
    if (queued > QUEUE_IN_BYTES) from.pause();
    departures.add(leftAt, () => {
      queued -= chunk.length;
      if (queued <= QUEUE_IN_BYTES) from.resume();
    });
    arrivals.add(Math.max(leftAt, openFrom) + direction.delayInMilliseconds, () => to.write(chunk));
  });
  from.on('end', () =>
    arrivals.add(Math.max(direction.take(0), openFrom) + direction.delayInMilliseconds, () => to.end()),
  );
  from.on('close', () => departures.clear());
  to.on('close', () => arrivals.clear());
}

/** The line, with any number of servers at its far end. */
export class SlowLine {
  readonly #up: Direction;
  readonly #down: Direction;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  constructor(properties: LineProperties) {
    this.#up = new Direction(properties);
    this.#down = new Direction(properties);
  }

  /** Listens on a free port of loopback, forwards to this address, and returns its own. */
  async to(address: string): Promise<string> {
    const { hostname, port } = new URL(address);
    const server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
      // The first bytes follow the handshake, which takes a round trip.
      const openFrom = performance.now() + this.#up.delayInMilliseconds + this.#down.delayInMilliseconds;
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket.setNoDelay());
        socket.on('error', () => other.destroy());
        socket.on('close', () => this.#sockets.delete(socket));
      }
      carry(near, far, this.#up, openFrom);
      carry(far, near, this.#down, openFrom);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#servers.push(server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Closes all ports and connections. */
  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** The line as measured. */
export interface LineFigures {
  readonly roundTripInMilliseconds: number;
  readonly bitsPerSecond: number;
}

/**
 * Measures the line with one connection that nothing else uses: a byte there and back, then `bytes` of them.
 */
export async function measureLine(properties: LineProperties, bytes = 12_500_000): Promise<LineFigures> {
  let received = 0;
  const echo = createServer((socket) => {
    socket.on('data', (chunk) => {
      received += chunk.length;
      // The first byte and the last one get a response.
      if (received === 1 || received === bytes + 1) socket.write('.');
    });
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const line = new SlowLine(properties);
  const address = new URL(await line.to(`http://127.0.0.1:${(echo.address() as AddressInfo).port}`));
  const socket = connect(Number(address.port), address.hostname).setNoDelay();
  await once(socket, 'connect');
  // Until the handshake is over, which would delay the first byte.
  await new Promise((resolve) => setTimeout(resolve, 2 * properties.delayInMilliseconds));
  const askedAt = performance.now();
  socket.write('.');
  await once(socket, 'data');
  const roundTripInMilliseconds = performance.now() - askedAt;
  const beganAt = performance.now();
  socket.write(Buffer.alloc(bytes));
  await once(socket, 'data');
  const seconds = (performance.now() - beganAt - roundTripInMilliseconds) / 1000;
  socket.destroy();
  line.close();
  echo.close();
  return { roundTripInMilliseconds, bitsPerSecond: (bytes * 8) / seconds };
}

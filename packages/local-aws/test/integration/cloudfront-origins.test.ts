import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCloudFront } from '../../cloudfront/cloudfront.ts';
import type {
  BehaviorDefinition,
  DistributionDefinition,
  ErrorResponseDefinition,
  Selection,
} from '../../cloudfront/definitions.ts';
import type { LocalService } from '../../http/local-service.ts';
import { Identities } from '../../iam/identities.ts';
import type { LogEntry } from '../../log.ts';

const NONE: Selection = { mode: 'none', names: new Set() };
const identities = new Identities({ root: { accessKeyId: 'AKIA', secretAccessKey: 'secret' } });
const identity = identities.addService({ service: 'cloudfront.amazonaws.com', context: {} });

let now: Date;
let entries: LogEntry[];
let asked: string[];
let answer: (incoming: IncomingMessage, response: ServerResponse) => void;
const origin = createServer((incoming, response) => {
  asked.push(`${incoming.method} ${incoming.url}`);
  answer(incoming, response);
});
let edge: LocalService | undefined;
let address: string;

beforeEach(async () => {
  now = new Date('2026-05-04T09:00:00Z');
  entries = [];
  asked = [];
  answer = (_incoming, response) => response.end(`answer ${asked.length}`);
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
});

afterEach(async () => {
  await edge?.close();
  edge = undefined;
  origin.closeAllConnections();
  if (origin.listening) await new Promise<void>((resolve) => origin.close(() => resolve()));
});

interface Setup {
  readonly behavior?: Partial<BehaviorDefinition>;
  readonly errors?: ReadonlyArray<readonly [number, ErrorResponseDefinition]>;
  readonly logged?: boolean;
  readonly timeout?: number;
}

/** Starts an edge before the origin. Its only behavior caches for a minute. */
async function start({ behavior, errors = [], logged = false, timeout = 30_000 }: Setup = {}): Promise<void> {
  const distribution: DistributionDefinition = {
    id: 'E1',
    arn: 'arn:aws:cloudfront::123456789012:distribution/E1',
    domainName: 'd1.cloudfront.net',
    behaviors: [
      {
        pathPattern: '*',
        origin: {
          kind: 'api',
          id: 'origin',
          path: '',
          customHeaders: [],
          responseTimeoutInMilliseconds: timeout,
        },
        methods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
        cachedMethods: ['GET', 'HEAD'],
        compress: false,
        cachePolicy: {
          minTtlInSeconds: 0,
          defaultTtlInSeconds: 60,
          maxTtlInSeconds: 60,
          headers: NONE,
          cookies: NONE,
          queryStrings: NONE,
          gzip: false,
          brotli: false,
        },
        ...behavior,
      },
    ],
    errorResponses: new Map(errors),
    logged,
  };
  edge = createCloudFront({
    distribution,
    addresses: { api: `http://127.0.0.1:${(origin.address() as AddressInfo).port}` },
    identity,
    region: 'eu-central-1',
    log: (entry) => entries.push(entry),
    clock: () => now,
  });
  edge.server.listen(0, '127.0.0.1');
  await once(edge.server, 'listening');
  address = `http://127.0.0.1:${(edge.server.address() as AddressInfo).port}`;
}

const later = (seconds: number): void => {
  now = new Date(now.getTime() + seconds * 1000);
};

/** Status, body, and where the response came from. */
async function get(path = '/', init: RequestInit = {}) {
  const response = await fetch(`${address}${path}`, init);
  return [response.status, await response.text(), response.headers.get('x-cache')?.split(' ')[0]];
}

const stopOrigin = async (): Promise<void> => {
  origin.closeAllConnections();
  await new Promise<void>((resolve) => origin.close(() => resolve()));
};

describe('the cache', () => {
  it('has a response for as long as the policy says, and is its age', async () => {
    await start();
    expect(await get()).toEqual([200, 'answer 1', 'Miss']);
    later(59);
    const response = await fetch(address);
    expect([await response.text(), response.headers.get('age')]).toEqual(['answer 1', '59']);
    later(1);
    expect(await get()).toEqual([200, 'answer 2', 'Miss']);
  });

  it('has no responses to other methods, and no parts', async () => {
    await start();
    expect(await get('/', { method: 'POST', body: 'x' })).toEqual([200, 'answer 1', 'Miss']);
    answer = (_incoming, response) => response.writeHead(206, { 'content-range': 'bytes 0-0/2' }).end('a');
    expect(await get('/', { headers: { range: 'bytes=0-0' } })).toEqual([206, 'a', 'Miss']);
    answer = (_incoming, response) => response.end('whole');
    expect(await get()).toEqual([200, 'whole', 'Miss']);
    expect(asked).toEqual(['POST /', 'GET /', 'GET /']);
  });

  it('has no response whose length the origin does not say, or that is large', async () => {
    await start();
    answer = (_incoming, response) => {
      response.write('in ');
      response.end('pieces');
    };
    expect(await get('/pieces')).toEqual([200, 'in pieces', 'Miss']);
    expect(await get('/pieces')).toEqual([200, 'in pieces', 'Miss']);
    const large = Buffer.alloc(10_000_001, 'x');
    answer = (_incoming, response) => response.writeHead(200, { 'content-length': large.length }).end(large);
    for (const _ of [1, 2]) {
      const [status, body, from] = await get('/large');
      expect([status, String(body).length, from]).toEqual([200, large.length, 'Miss']);
    }
  });

  it('forgets what was used longest ago when it is full', async () => {
    await start();
    answer = (_incoming, response) => {
      const body = Buffer.alloc(6_000_000, 'x');
      response.writeHead(200, { 'content-length': body.length }).end(body);
    };
    const from = async (path: string) => (await get(path))[2];
    expect([await from('/1'), await from('/2'), await from('/1')]).toEqual(['Miss', 'Miss', 'Hit']);
    expect(await from('/3')).toBe('Miss');
    expect([await from('/1'), await from('/3'), await from('/2')]).toEqual(['Hit', 'Hit', 'Miss']);
  });
});

describe('an error of the origin', () => {
  const fail = (statusCode: number) => {
    answer = (_incoming, response) => response.writeHead(statusCode, { 'content-length': 2 }).end('no');
  };

  it('is cached for ten seconds', async () => {
    await start();
    fail(404);
    expect(await get()).toEqual([404, 'no', 'Error']);
    answer = (_incoming, response) => response.end('yes');
    later(9);
    expect(await get()).toEqual([404, 'no', 'Error']);
    later(1);
    expect(await get()).toEqual([200, 'yes', 'Miss']);
  });

  it('is cached for as long as the template says, or not at all', async () => {
    await start({
      errors: [
        [404, { cachingMinTtlInSeconds: 0 }],
        [500, { cachingMinTtlInSeconds: 60 }],
      ],
    });
    fail(404);
    await get('/a');
    fail(500);
    expect(await get('/a')).toEqual([500, 'no', 'Error']);
    answer = (_incoming, response) => response.end('yes');
    later(59);
    expect(await get('/a')).toEqual([500, 'no', 'Error']);
    later(1);
    expect(await get('/a')).toEqual([200, 'yes', 'Miss']);
  });

  it('is answered with a page, which is asked for once', async () => {
    await start({
      errors: [[404, { cachingMinTtlInSeconds: 0, page: { path: '/lost.html', statusCode: 200 } }]],
    });
    answer = ({ url }, response) => {
      const [status, body] = url === '/lost.html' ? [200, 'lost'] : [404, 'no'];
      response.writeHead(status, { 'content-length': body.length }).end(body);
    };
    expect(await get('/a')).toEqual([200, 'lost', 'Error']);
    expect(await get('/b')).toEqual([200, 'lost', 'Error']);
    expect(await get('/b', { method: 'POST', body: 'x' })).toEqual([200, 'lost', 'Error']);
    expect(asked).toEqual(['GET /a', 'GET /lost.html', 'GET /b', 'POST /b']);
  });

  it('is answered with the error of the page when that is missing, too', async () => {
    await start({ errors: [[404, { cachingMinTtlInSeconds: 0, page: { path: '/x', statusCode: 200 } }]] });
    fail(404);
    expect(await get('/a')).toEqual([404, 'no', 'Error']);
    expect(asked).toEqual(['GET /a', 'GET /x']);
  });

  it('does not take a response out of the cache when it is one of the server', async () => {
    await start();
    expect(await get()).toEqual([200, 'answer 1', 'Miss']);
    later(60);
    fail(500);
    expect(await get()).toEqual([200, 'answer 1', 'Hit']);
    expect(await get()).toEqual([200, 'answer 1', 'Hit']);
    expect(asked).toHaveLength(2);
    later(10);
    fail(404);
    expect(await get()).toEqual([404, 'no', 'Error']);
  });
});

describe('an origin', () => {
  const errors = () => entries.filter(({ level }) => level === 'error').map(({ line }) => line);

  it('that does not listen is 502, and the log says so', async () => {
    await start();
    await stopOrigin();
    expect(await get()).toEqual([502, expect.stringContaining('could not be satisfied'), 'Error']);
    expect(errors()).toEqual([expect.stringMatching(/^GET \/: origin cannot be reached: .*ECONNREFUSED/)]);
  });

  it('that does not respond in time is 504', async () => {
    await start({ timeout: 20 });
    answer = () => {};
    expect((await get()).slice(0, 1)).toEqual([504]);
    expect(errors()).toEqual(['GET /: origin did not respond within 20 ms']);
  });

  it('that breaks off is 502, or the viewer sees that the body is not whole', async () => {
    await start();
    const breakOff =
      (length: number) =>
      (_incoming: IncomingMessage, response: ServerResponse): void => {
        response.writeHead(200, { 'content-length': length });
        response.write('half', () => response.destroy());
      };
    answer = breakOff(8);
    expect((await get('/small')).slice(0, 1)).toEqual([502]);
    answer = breakOff(20_000_000);
    await expect(get('/large')).rejects.toThrow();
    answer = (_incoming, response) => response.end('whole');
    expect(await get('/small')).toEqual([502, expect.any(String), 'Error']);
    later(10);
    expect(await get('/small')).toEqual([200, 'whole', 'Miss']);
  });

  it('gets a body while the viewer sends it, and hears when the viewer goes', async () => {
    await start();
    const received = Promise.withResolvers<IncomingMessage>();
    answer = (incoming) => received.resolve(incoming);
    const outgoing = request(address, { method: 'PUT', headers: { 'content-length': '10' } });
    outgoing.on('error', () => {});
    outgoing.write('half');
    const incoming = await received.promise;
    const [chunk] = (await once(incoming, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('half');
    const closed = new Promise<void>((resolve) => {
      incoming.on('error', () => {}).once('close', () => resolve());
    });
    outgoing.destroy();
    await closed;
    expect(incoming.complete).toBe(false);
  });

  it('is not asked for an address without a path', async () => {
    await start();
    const { port } = new URL(address);
    const socket = connect(Number(port), '127.0.0.1');
    socket.end('GET http://other.example/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const chunks: Buffer[] = await socket.toArray();
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 400 /);
    expect(asked).toEqual([]);
  });
});

it('logs requests in the format of CloudFront when the distribution has a log', async () => {
  await start({ logged: true });
  await get('/a%20b?x=1', { headers: { 'user-agent': 'a "browser"', referer: 'https://a.example/' } });
  const fields = entries.find(({ source }) => source === 'access')?.line.split('\t') ?? [];
  expect(fields).toHaveLength(33);
  expect([...fields.slice(0, 3), ...fields.slice(4, 14)]).toEqual([
    '2026-05-04',
    '09:00:00',
    'LOCAL',
    '127.0.0.1',
    'GET',
    'd1.cloudfront.net',
    '/a%20b',
    '200',
    'https://a.example/',
    'a%20%22browser%22',
    'x=1',
    '-',
    'Miss',
  ]);
});

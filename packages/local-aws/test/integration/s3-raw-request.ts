import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { region, root } from './s3-service.ts';

/** A request as bytes, which no client library would send. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  /** Signed, with `host` and the date; lower-case names. */
  readonly headers: Record<string, string>;
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

/** A signed request head, and what is needed to sign chunks after it. */
export interface SignedHead {
  readonly head: string;
  readonly signature: string;
  readonly signChunk: (previous: string, data: string) => string;
  readonly signTrailer: (previous: string, trailer: string) => string;
}

const sha256 = (data: string) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();

/** Signs as AWS documents it, without the code that verifies. */
export function signedHead(
  port: number,
  { method, path, headers, credentials = root }: RawRequest,
): SignedHead {
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const date = timestamp.slice(0, 8);
  const all: Record<string, string> = {
    ...headers,
    host: `127.0.0.1:${port}`,
    'x-amz-date': timestamp,
    ...(credentials.sessionToken ? { 'x-amz-security-token': credentials.sessionToken } : {}),
  };
  const names = Object.keys(all).sort();
  const canonicalRequest = [
    method,
    path,
    '',
    ...names.map((name) => `${name}:${all[name]}`),
    '',
    names.join(';'),
    all['x-amz-content-sha256'],
  ].join('\n');
  const scope = `${date}/${region}/s3/aws4_request`;
  const key = [date, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${credentials.secretAccessKey}`,
  );
  const sign = (...lines: string[]) => hmac(key, lines.join('\n')).toString('hex');
  const signature = sign('AWS4-HMAC-SHA256', timestamp, scope, sha256(canonicalRequest));
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  const lines = Object.entries({ ...all, authorization }).map(([name, value]) => `${name}: ${value}`);
  return {
    head: [`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'),
    signature,
    signChunk: (previous, data) =>
      sign('AWS4-HMAC-SHA256-PAYLOAD', timestamp, scope, previous, sha256(''), sha256(data)),
    signTrailer: (previous, trailer) =>
      sign('AWS4-HMAC-SHA256-TRAILER', timestamp, scope, previous, sha256(trailer)),
  };
}

/** A raw connection. */
export class RawConnection {
  readonly socket: Socket;
  #received = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (data) => {
      this.#received += data;
    });
    socket.on('error', () => {});
  }

  static open(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new RawConnection(socket)));
      socket.once('error', reject);
    });
  }

  async write(...pieces: Array<string | Buffer>): Promise<void> {
    for (const piece of pieces) {
      if (!this.socket.write(piece)) await once(this.socket, 'drain');
    }
  }

  /** Everything received up to and including this text. */
  async until(text: string): Promise<string> {
    while (!this.#received.includes(text)) {
      if (this.socket.destroyed) throw new Error(`The connection ended with: ${this.#received}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const end = this.#received.indexOf(text) + text.length;
    const taken = this.#received.slice(0, end);
    this.#received = this.#received.slice(end);
    return taken;
  }

  /** The next response: its status, and its body as text. */
  async answer(): Promise<{ status: number; body: string }> {
    const head = await this.until('\r\n\r\n');
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    while (this.#received.length < length) {
      if (this.socket.destroyed) throw new Error('The connection ended during a response');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const body = this.#received.slice(0, length);
    this.#received = this.#received.slice(length);
    return { status: Number(head.split(' ')[1]), body };
  }

  close(): void {
    this.socket.destroy();
  }
}

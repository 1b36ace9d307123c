import type { IncomingMessage } from 'node:http';
import { AwsError } from '../http/aws-error.ts';
import { decodePercent, requestTarget } from '../http/request.ts';

const MAX_KEY_LENGTH_IN_BYTES = 1024;

/** The parts of a request: bucket, key, and the parameters in headers or query. */
export class S3Request {
  readonly message: IncomingMessage;
  readonly method: string;
  /** Undefined for requests about the account. */
  readonly bucketName: string | undefined;
  /** Empty for requests about the bucket. */
  readonly key: string;
  readonly #query: ReadonlyMap<string, string>;

  constructor(message: IncomingMessage, bucketNames: Iterable<string>) {
    const { rawPath, query } = requestTarget(message);
    this.message = message;
    this.method = message.method ?? 'GET';
    this.#query = new Map(query);
    const hostBucket = bucketOfHost(message.headers.host ?? '', bucketNames);
    const path = rawPath.slice(1);
    if (hostBucket !== undefined) {
      this.bucketName = hostBucket;
      this.key = decodePercent(path);
    } else {
      const slash = path.indexOf('/');
      const name = decodePercent(slash < 0 ? path : path.slice(0, slash));
      this.bucketName = name === '' ? undefined : name;
      this.key = slash < 0 ? '' : decodePercent(path.slice(slash + 1));
    }
    const keyLengthInBytes = Buffer.byteLength(this.key);
    if (keyLengthInBytes > MAX_KEY_LENGTH_IN_BYTES) {
      throw new AwsError('KeyTooLongError', 'Your key is too long', 400, {
        Size: String(keyLengthInBytes),
        MaxSizeAllowed: String(MAX_KEY_LENGTH_IN_BYTES),
      });
    }
  }

  /** A parameter of the query. */
  query(name: string): string | undefined {
    return this.#query.get(name);
  }

  hasQuery(name: string): boolean {
    return this.#query.has(name);
  }

  /** A header, by its name in lower case. Presigned URLs have S3's headers in the query. */
  header(name: string): string | undefined {
    const value = this.message.headers[name];
    if (value !== undefined) return Array.isArray(value) ? value.join(', ') : value;
    const inQuery = name.startsWith('x-amz-') ? this.#query.get(name) : undefined;
    // Node decodes the bytes of header values as Latin-1.
    return inQuery === undefined ? undefined : Buffer.from(inQuery, 'utf8').toString('latin1');
  }

  /** All headers of S3 with this prefix, also those in the query of a presigned URL. */
  headersWith(prefix: string): Array<[name: string, value: string]> {
    const names = [...Object.keys(this.message.headers), ...this.#query.keys()];
    const matching = new Set(
      names.map((name) => name.toLowerCase()).filter((name) => name.startsWith(prefix)),
    );
    return [...matching].map((name) => [name, this.header(name) ?? '']);
  }
}

/** `<bucket>.localhost`, or the name of a bucket before any other host name. */
function bucketOfHost(hostAndPort: string, bucketNames: Iterable<string>): string | undefined {
  const host = hostAndPort.replace(/:\d+$/, '').toLowerCase();
  for (const name of bucketNames) if (host.startsWith(`${name}.`)) return name;
  return /^(?!s3\.)(.+)\.localhost$/.exec(host)?.[1];
}

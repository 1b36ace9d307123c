/**
 * The calls to S3 for one object. Credentials are renewed during the upload, and temporary faults are
 * retried.
 */
import { S3Client } from '@aws-sdk/client-s3';
import { type RetryPolicy, retrying } from './retry.ts';
import type { StorageAccess } from './storage-access.ts';
import { asStorageFault } from './storage-fault.ts';
import type { StorageLeases } from './storage-leases.ts';

/** Whether the bucket must be part of the path, because it cannot be put in front of this host name. */
export function needsPathStyle(endpoint: string, provider: string): boolean {
  const { hostname } = new URL(endpoint);
  return (
    provider === 'minio' || hostname === 'localhost' || hostname.startsWith('[') || /^[\d.]+$/.test(hostname)
  );
}

const isExpired = (error: unknown): boolean => error instanceof Error && error.name === 'ExpiredToken';

/** A client for each set of credentials. All clients share their connections. */
export class StorageClients {
  readonly #clients = new Map<StorageAccess, S3Client>();
  #first: S3Client | undefined;

  of(access: StorageAccess): S3Client {
    const known = this.#clients.get(access);
    if (known) return known;
    const client = new S3Client({
      region: access.region,
      endpoint: access.endpoint,
      forcePathStyle: needsPathStyle(access.endpoint, access.provider),
      // The second attempt is for what the SDK corrects by itself, such as a wrong clock. The session does
      // the retries.
      maxAttempts: 2,
      // The S3 interfaces of other providers do not know these checksums.
      ...(access.provider !== 'aws' && { requestChecksumCalculation: 'WHEN_REQUIRED' as const }),
      credentials: {
        accessKeyId: access.accessKeyId,
        secretAccessKey: access.accessKeySecret,
        sessionToken: access.securityToken,
      },
      requestHandler: this.#first?.config.requestHandler ?? {
        connectionTimeout: 10_000,
        socketTimeout: 120_000,
      },
    });
    this.#first ??= client;
    this.#clients.set(access, client);
    return client;
  }

  /** Closes the connections. */
  close(): void {
    this.#first?.destroy();
  }
}

/** What the sessions of a run share. */
export interface StorageSessionOptions {
  readonly leases: StorageLeases;
  readonly clients: StorageClients;
  readonly retry?: RetryPolicy | undefined;
}

/** A call of the SDK. It gets the client and options. */
export type StorageCall<Output> = (
  client: S3Client,
  options: { readonly abortSignal?: AbortSignal },
) => Promise<Output>;

/** All calls to S3 for one key. */
export class StorageSession {
  readonly key: string;
  readonly #options: StorageSessionOptions;
  readonly #first: StorageAccess;
  #access: StorageAccess;

  constructor(options: StorageSessionOptions, access: StorageAccess, key: string) {
    this.#options = options;
    this.#first = access;
    this.#access = access;
    this.key = key;
  }

  get bucket(): string {
    return this.#first.bucket;
  }

  /** Whether the credentials have been renewed. */
  get wasRenewed(): boolean {
    return this.#access !== this.#first;
  }

  /**
   * Makes a call until it succeeds or fails for good. Throws `StorageFaultError` when a fault does not go
   * away.
   */
  async send<Output>(call: StorageCall<Output>, signal: AbortSignal | undefined): Promise<Output> {
    const sendOnce = async (): Promise<Output> => {
      this.#access = await this.#options.leases.continuing(this.#access, this.key);
      try {
        return await this.#sendRenewing(call, signal);
      } catch (error) {
        throw signal?.aborted ? error : asStorageFault(error);
      }
    };
    return retrying(sendOnce, this.#options.retry, signal);
  }

  async #sendRenewing<Output>(call: StorageCall<Output>, signal: AbortSignal | undefined): Promise<Output> {
    const { clients, leases } = this.#options;
    const options = signal ? { abortSignal: signal } : {};
    const access = this.#access;
    try {
      return await call(clients.of(access), options);
    } catch (error) {
      const renewed = isExpired(error) && (await leases.replacing(access, this.key));
      if (!renewed) throw error;
      this.#access = renewed;
      return call(clients.of(renewed), options);
    }
  }
}

import type { Identity } from '../iam/identities.ts';
import { signRequest } from '../iam/sign-request.ts';
import { elements, readXml, textOf } from '../s3/xml-reader.ts';

/** The operations of S3 that a deployment needs, on one bucket. They reject when they are refused. */
export interface DeploymentBucket {
  put(key: string, content: Buffer, headers: Readonly<Record<string, string>>): Promise<void>;
  /** All keys with this prefix. */
  list(prefix: string): Promise<string[]>;
  delete(key: string): Promise<void>;
}

/** A bucket of the local S3, as a role sees it, without the SDK. */
export function deploymentBucket(options: {
  readonly address: string;
  readonly bucketName: string;
  readonly region: string;
  readonly identity: Identity;
}): DeploymentBucket {
  const { address, bucketName, region, identity } = options;
  const call = async (
    method: string,
    target: string,
    { content, headers = {} }: { content?: Buffer; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<string> => {
    const { host } = new URL(address);
    const signed = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-')));
    const signature = signRequest(
      { method, target, host, headers: signed },
      { identity, service: 's3', region, clock: () => new Date() },
    );
    const response = await fetch(`${address}${target}`, {
      method,
      headers: { ...headers, ...Object.fromEntries(signature) },
      ...(content ? { body: content } : {}),
    });
    const text = await response.text();
    if (response.ok) return text;
    const [, code = String(response.status)] = /<Code>([^<]*)<\/Code>/.exec(text) ?? [];
    throw new Error(`S3 refused ${method} ${target}: ${code}`);
  };
  const objectTarget = (key: string) => `/${bucketName}/${key.split('/').map(encodeURIComponent).join('/')}`;

  return {
    async put(key, content, headers) {
      await call('PUT', objectTarget(key), { content, headers });
    },
    async delete(key) {
      await call('DELETE', objectTarget(key));
    },
    async list(prefix) {
      const keys: string[] = [];
      let token: string | undefined;
      do {
        const query = new URLSearchParams({ 'list-type': '2', prefix });
        if (token !== undefined) query.set('continuation-token', token);
        const page = readXml(await call('GET', `/${bucketName}?${query}`), 'ListBucketResult');
        keys.push(...elements(page, 'Contents').map((object) => textOf(object, 'Key') ?? ''));
        token = textOf(page, 'NextContinuationToken');
      } while (token !== undefined);
      return keys;
    },
  };
}

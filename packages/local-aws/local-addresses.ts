import type { Addresses } from './services.ts';
import type { Environment } from './template/resource.ts';

/**
 * A value of the template with addresses of AWS replaced by those of this machine: of queues, which the SDK calls by
 * their URL whatever its settings say, and of the HTTP API. Issuers of tokens stay as they are: they are names.
 */
export function withLocalAddresses(
  text: string,
  { region, urlSuffix }: Environment,
  { sqs, api }: Addresses,
): string {
  const domain = `${region}.${urlSuffix}`;
  const withQueues = sqs === undefined ? text : text.replaceAll(`https://sqs.${domain}/`, `${sqs}/`);
  return withQueues.replaceAll(/https:\/\/[a-z0-9]+\.execute-api\.([a-z0-9.-]+)/g, (address, itsDomain) =>
    api !== undefined && itsDomain === domain ? api : address,
  );
}

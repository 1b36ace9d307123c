import type { Addresses } from './services.ts';
import type { Environment } from './template/resource.ts';

/**
 * Replaces addresses of AWS in a value of the template by those of this machine: of queues, since the SDK
 * calls a queue by its URL, and of the HTTP API. Token issuers are names, and stay as they are.
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

import type { Addresses } from './services.ts';
import type { InterpretedTemplate } from './template/interpreter.ts';

/**
 * Replaces addresses of AWS in a value of the template by those of this machine: of queues, since the SDK
 * calls a queue by its URL, of the HTTP API, and of the distribution. Token issuers are names, and stay as
 * they are.
 */
export function withLocalAddresses(
  text: string,
  template: InterpretedTemplate,
  { sqs, api, cloudfront }: Addresses,
): string {
  const { region, urlSuffix } = template.environment;
  const domain = `${region}.${urlSuffix}`;
  const withQueues = sqs === undefined ? text : text.replaceAll(`https://sqs.${domain}/`, `${sqs}/`);
  const withApi = withQueues.replaceAll(
    /https:\/\/[a-z0-9]+\.execute-api\.([a-z0-9.-]+)/g,
    (address, itsDomain) => (api !== undefined && itsDomain === domain ? api : address),
  );
  return template
    .ofType('AWS::CloudFront::Distribution')
    .reduce(
      (replaced, distribution) =>
        cloudfront === undefined
          ? replaced
          : replaced.replaceAll(`https://${distribution.attribute('DomainName')}`, cloudfront),
      withApi,
    );
}

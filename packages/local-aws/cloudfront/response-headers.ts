import type { BehaviorDefinition, ResponseHeadersDefinition } from './definitions.ts';
import { type Headers, headerText } from './headers.ts';
import { forwardsCookies, forwardsHeader } from './origin-request.ts';

/** Headers between CloudFront and an origin, which viewers do not get. */
const BETWEEN =
  /^(connection|keep-alive|proxy-.*|trailer|transfer-encoding|upgrade|via|x-amz-cf-.*|x-cache|x-edge-.*)$/;

/** The headers of an origin that viewers may get. */
export function passedHeaders(behavior: BehaviorDefinition, received: Headers): Headers {
  const headers: Headers = new Map([...received].filter(([name]) => !BETWEEN.test(name)));
  if (!forwardsCookies(behavior)) headers.delete('set-cookie');
  const vary = (headerText(headers, 'vary') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => {
      const lowerCase = name.toLowerCase();
      return (
        ['*', 'accept-encoding', 'cookie'].includes(lowerCase) ||
        (name !== '' && forwardsHeader(behavior, lowerCase))
      );
    });
  if (vary.length > 0) headers.set('vary', [vary.join(', ')]);
  else headers.delete('vary');
  return headers;
}

/** Headers with a policy applied: it removes first, and adds after that. */
export function withPolicy(headers: Headers, policy: ResponseHeadersDefinition | undefined): Headers {
  if (!policy) return headers;
  const changed: Headers = new Map([...headers].filter(([name]) => !policy.remove.has(name)));
  for (const { name, value, override } of policy.set) {
    if (override || !changed.has(name)) changed.set(name, [value]);
  }
  return changed;
}

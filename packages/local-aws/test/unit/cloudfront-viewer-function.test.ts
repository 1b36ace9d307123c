import { describe, expect, it } from 'vitest';
import { headersOf } from '../../cloudfront/headers.ts';
import type { ViewerRequest } from '../../cloudfront/origin-request.ts';
import { ViewerFunction } from '../../cloudfront/viewer-function.ts';

const lines: string[] = [];

const fn = (code: string) =>
  new ViewerFunction({ label: 'Fn', code }, { id: 'E1', domainName: 'd1.cloudfront.net' }, (line) => {
    lines.push(line);
  });

const request: ViewerRequest = {
  id: 'request-1',
  method: 'GET',
  uri: '/a',
  query: 'x=1&y&x=2',
  headers: headersOf([
    'Host',
    'site.example',
    'Cookie',
    'a=1; b=2',
    'Accept',
    'x/y',
    'Accept',
    'z',
    'X-Real-IP',
    '1',
  ]),
  ip: '192.0.2.1',
  port: 40_000,
  httpVersion: '1.1',
};

/** What a function makes of the request. */
const onRequest = (body: string) => {
  const outcome = fn(`function handler(event) { const { request } = event; ${body} }`).onRequest(request);
  if (!('request' in outcome)) throw new Error('It returned a response');
  return outcome.request;
};

const response = { statusCode: 200, headers: headersOf(['Set-Cookie', 'a=1; Secure', 'ETag', '"1"']) };

/** What a function makes of the response. */
const onResponse = (body: string) =>
  fn(`function handler(event) { const { response } = event; ${body} }`).onResponse(request, response);

describe('a viewer function', () => {
  it('gets the event that CloudFront documents', () => {
    fn('function handler(event) { console.log(JSON.stringify(event)); return event.request; }').onRequest(
      request,
    );
    expect(JSON.parse(lines.pop() ?? '')).toEqual({
      version: '1.0',
      context: {
        distributionDomainName: 'd1.cloudfront.net',
        distributionId: 'E1',
        eventType: 'viewer-request',
        requestId: 'request-1',
      },
      viewer: { ip: '192.0.2.1' },
      request: {
        method: 'GET',
        uri: '/a',
        querystring: { x: { value: '1', multiValue: [{ value: '1' }, { value: '2' }] }, y: { value: '' } },
        headers: {
          host: { value: 'site.example' },
          accept: { value: 'x/y', multiValue: [{ value: 'x/y' }, { value: 'z' }] },
        },
        cookies: { a: { value: '1' }, b: { value: '2' } },
      },
    });
  });

  it('leaves a request as it was, with what it does not see', () => {
    expect(onRequest('return request;')).toEqual(request);
  });

  it('changes path, query, headers and cookies', () => {
    const changed = onRequest(`
      request.uri = '/b';
      request.querystring = { page: { value: '2' } };
      request.headers['x-new'] = { value: '1' };
      delete request.headers.accept;
      request.cookies = { c: { value: '3' } };
      return request;
    `);
    expect(changed).toMatchObject({ uri: '/b', query: 'page=2' });
    expect(Object.fromEntries(changed.headers)).toEqual({
      host: ['site.example'],
      'x-new': ['1'],
      cookie: ['c=3'],
      'x-real-ip': ['1'],
    });
  });

  it('may wait for promises, and has the modules of its runtime', () => {
    const outcome = fn(`
      const crypto = require('crypto');
      async function handler(event) {
        const digest = await Promise.resolve(crypto.createHash('sha256').update('x').digest('hex'));
        event.request.uri = '/' + digest.slice(0, 4);
        return event.request;
      }
    `).onRequest(request);
    expect(outcome).toMatchObject({ request: { uri: '/2d71' } });
  });

  it('answers itself', () => {
    const outcome = fn(`function handler() {
      return { statusCode: 403, headers: { 'content-type': { value: 'text/plain' } }, body: { encoding: 'base64', data: 'bm8=' } };
    }`).onRequest(request);
    expect(outcome).toEqual({
      response: {
        statusCode: 403,
        headers: headersOf(['content-type', 'text/plain']),
        body: Buffer.from('no'),
      },
    });
  });

  it('changes a response, with its cookies', () => {
    const changed = onResponse(`
      response.statusCode = 404;
      response.headers['x-new'] = { value: '1' };
      response.cookies.b = { value: '2', attributes: 'Path=/' };
      response.body = 'replaced';
      return response;
    `);
    expect(changed).toEqual({
      statusCode: 404,
      headers: headersOf([
        'etag',
        '"1"',
        'x-new',
        '1',
        'set-cookie',
        'a=1; Secure',
        'set-cookie',
        'b=2; Path=/',
      ]),
      body: Buffer.from('replaced'),
    });
    expect(onResponse('return response;')).toEqual({ ...response, body: undefined });
  });

  it.each([
    ['nothing', 'return undefined;', 502, 'returned no object'],
    ['another method', "request.method = 'POST'; return request;", 502, 'the same method'],
    ['a relative URI', "request.uri = 'b'; return request;", 502, 'the URI b'],
    ['a host', "request.headers.host = { value: 'x' }; return request;", 502, 'read-only header host'],
    ['no host', 'delete request.headers.host; return request;', 502, 'read-only header host'],
    ['a hidden header', "request.headers['x-real-ip'] = { value: '2' }; return request;", 502, 'x-real-ip'],
    [
      'a header in capitals',
      "request.headers['X-A'] = { value: '2' }; return request;",
      502,
      'not in lower case',
    ],
    ['a header without a value', "request.headers['x-a'] = 'y'; return request;", 502, 'x-a has no value'],
    ['a status in text', "return { statusCode: '200' };", 502, 'the status 200'],
    ['a body of another kind', 'return { statusCode: 200, body: { data: 1 } };', 502, 'its body'],
    ['an error', "throw new Error('no');", 503, 'Error: no'],
    ['no end', 'for (;;);', 503, 'timed out'],
    ['evaluated text', "return eval('request');", 503, 'Code generation from strings disallowed'],
    ['the process', 'process.exit();', 503, 'process is not defined'],
    ['a timer', 'setTimeout(() => 1); return request;', 503, 'setTimeout is not defined'],
  ])('that returns or does %s is refused', (_what, body, statusCode, reason) => {
    expect(() => onRequest(body)).toThrow(
      expect.objectContaining({ statusCode, message: expect.stringContaining(reason) }),
    );
  });
});

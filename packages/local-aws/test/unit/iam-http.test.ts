import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { sendError } from '../../http/answers.ts';
import { AwsError, type ErrorProtocol, notImplemented } from '../../http/aws-error.ts';
import { type LocalService, localService } from '../../http/local-service.ts';
import { parseQuery, requestTarget } from '../../http/request.ts';
import { xmlDocument } from '../../http/xml.ts';

describe('a request target', () => {
  it('has the path as sent, and a decoded query', () => {
    expect(requestTarget({ url: '/media/a%2Fb/../c//?prefix=a%20b+c%2B&delete&empty=&x=1=2' })).toEqual({
      rawPath: '/media/a%2Fb/../c//',
      query: [
        ['prefix', 'a b c+'],
        ['delete', ''],
        ['empty', ''],
        ['x', '1=2'],
      ],
    });
  });

  it('keeps repeated names, in order', () => {
    expect(parseQuery('a=2&b+c=1&a=1')).toEqual([
      ['a', '2'],
      ['b c', '1'],
      ['a', '1'],
    ]);
  });
});

describe('an XML document', () => {
  it('repeats an element for each item, and leaves out undefined values', () => {
    const content = { Name: 'media', Part: [{ Number: 1 }, { Number: 2 }], Key: undefined, Done: false };
    expect(xmlDocument('List', content, 'urn:x')).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<List xmlns="urn:x"><Name>media</Name><Part><Number>1</Number></Part><Part><Number>2</Number></Part><Done>false</Done></List>',
    );
  });

  it('escapes markup and control characters', () => {
    expect(xmlDocument('Key', `<a & 'b' "c">\u0001\r`)).toContain(
      '<Key>&lt;a &amp; &apos;b&apos; &quot;c&quot;&gt;&#x1;&#xd;</Key>',
    );
  });
});

describe('an error', () => {
  let service: LocalService | undefined;
  afterEach(() => service?.close());

  const responseTo = async (error: unknown, protocol: ErrorProtocol, init: RequestInit = {}) => {
    const server = createServer((request: IncomingMessage, response) =>
      sendError(response, error, { protocol, requestId: 'request-1', headOnly: request.method === 'HEAD' }),
    );
    service = localService('test', server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, init);
  };

  it('of S3 has its details', async () => {
    const response = await responseTo(new AwsError('NoSuchKey', 'No <key>', 404, { Key: 'a&b' }), 's3');
    expect(response.status).toBe(404);
    expect(response.headers.get('x-amz-request-id')).toBe('request-1');
    expect(await response.text()).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>No &lt;key&gt;</Message><Key>a&amp;b</Key><RequestId>request-1</RequestId></Error>',
    );
  });

  it('has no body for HEAD', async () => {
    const response = await responseTo(new AwsError('NoSuchKey', 'No', 404), 's3', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([404, '']);
  });

  it('of the JSON protocol has its type in the body and in a header', async () => {
    const response = await responseTo(notImplemented('DescribeTable'), 'json');
    expect(response.status).toBe(501);
    expect(response.headers.get('x-amzn-errortype')).toBe('NotImplemented');
    expect(await response.json()).toEqual({
      __type: 'NotImplemented',
      message: 'The local stack does not implement DescribeTable.',
    });
  });

  it.each([
    ['s3', 'InternalError'],
    ['query', 'InternalFailure'],
    ['json', 'InternalFailure'],
  ] as const)('that is no AwsError tells a client of %s nothing but %s', async (protocol, code) => {
    const response = await responseTo(new Error('secret at /etc/passwd'), protocol);
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).toContain(code);
    expect(text).not.toContain('secret');
  });
});

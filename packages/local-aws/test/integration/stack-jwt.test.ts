import { exportJWK, SignJWT } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import {
  answerOf,
  authorizer,
  CLIENT,
  closeGateways,
  echo,
  gateway,
  ISSUER,
  keys,
  otherKeys,
  publicKeys,
  returning,
  route,
  tokenOf,
} from './stack-gateway-fixture.ts';

afterEach(closeGateways);

describe('the JWT authorizer', () => {
  const get = async (api: string, token?: string) =>
    fetch(`${api}/secret`, { headers: token === undefined ? {} : { 'x-auth-token': token } });

  it('accepts a valid token, with or without Bearer, and passes its claims on', async () => {
    const api = await gateway(echo);
    const token = await tokenOf();
    for (const header of [token, `Bearer ${token}`]) {
      const [status, event] = await answerOf(await get(api, header));
      expect(status).toBe(200);
      expect(event).toMatchObject({
        requestContext: {
          authorizer: {
            jwt: {
              claims: {
                sub: 'user-1',
                client_id: CLIENT,
                'cognito:groups': '[w1 w2]',
                exp: expect.stringMatching(/^\d+$/),
              },
              scopes: null,
            },
          },
        },
      });
    }
  });

  it.each<[description: string, token: () => Promise<string | undefined>]>([
    ['no token', async () => undefined],
    ['an empty token', async () => ''],
    ['something else', async () => 'not.a.token'],
    ['an expired token', () => tokenOf({}, { expires: '-1s' })],
    ['a token of another issuer', () => tokenOf({}, { issuer: `${ISSUER}x` })],
    ['a token of another client', () => tokenOf({ client_id: 'other' })],
    ['a token whose audience is another, whatever its client', () => tokenOf({ aud: 'other' })],
    ['a token that somebody else signed', () => tokenOf({}, { key: otherKeys.privateKey })],
    ['a token that is not valid yet', () => tokenOf({ nbf: Math.floor(Date.now() / 1000) + 60 })],
    [
      'a token with a changed claim',
      async () => {
        const [head, , signature] = (await tokenOf()).split('.');
        const claims = { iss: ISSUER, client_id: CLIENT, exp: 4_000_000_000, 'cognito:groups': ['w9'] };
        return [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
      },
    ],
    [
      'an unsigned token',
      async () => {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
        return `${part({ alg: 'none' })}.${part({ iss: ISSUER, client_id: CLIENT, exp: 4_000_000_000 })}.`;
      },
    ],
    [
      'a token signed with the public key as a secret',
      async () => {
        const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(keys.publicKey)));
        return new SignJWT({ client_id: CLIENT })
          .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
          .setIssuer(ISSUER)
          .setExpirationTime('1h')
          .sign(secret);
      },
    ],
  ])('responds to %s with 401, and invokes nothing', async (_description, token) => {
    let invoked = 0;
    const api = await gateway(() => {
      invoked += 1;
      return returning({});
    });
    const response = await get(api, await token());
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
    expect(await response.text()).toBe('{"message":"Unauthorized"}');
    expect([response.status, invoked]).toEqual([401, 0]);
  });

  it('checks the audience, and requires one of the scopes', async () => {
    const api = await gateway(echo, {
      routes: [route('GET /secret', { authorizer, scopes: ['write', 'read'] })],
    });
    const claims = { aud: [CLIENT], client_id: 'other' };
    expect(
      (await answerOf(await get(api, await tokenOf({ ...claims, scope: 'openid read' }))))[1],
    ).toMatchObject({
      requestContext: { authorizer: { jwt: { scopes: ['openid', 'read'] } } },
    });
    expect(await answerOf(await get(api, await tokenOf({ ...claims, scope: 'openid' })))).toEqual([
      403,
      { message: 'Forbidden' },
    ]);
  });

  it('responds 401 while the keys are unavailable, and requests them again', async () => {
    let failures = 1;
    const api = await gateway(
      echo,
      {},
      {
        keysOf: async () => {
          failures -= 1;
          if (failures >= 0) throw new Error('unreachable');
          return publicKeys();
        },
      },
    );
    const token = await tokenOf();
    expect((await get(api, token)).status).toBe(401);
    expect((await get(api, token)).status).toBe(200);
  });
});

/**
 * `POST /manage/api/v1/token/refresh`
 *
 * Issues a new token for the refresh token in the body. With only the header, returns the token in it, while
 * it is valid.
 */
import { TokenMissingError } from '../core/errors.ts';
import type { IdentityProvider } from '../core/sign-in.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { identityProvider, mqttAddress } from '../ports.ts';
import { TOKEN_REFRESH, toSessionOutput } from '../protocol/sign-in.ts';

export const tokenRefresh =
  (people: IdentityProvider, mqttAddress: string): HttpEndpoint<typeof TOKEN_REFRESH> =>
  async ({ body, headers }) => {
    const refreshToken = body?.refresh_token;
    const accessToken = headers['x-auth-token'];
    if (refreshToken) return toSessionOutput(await people.refresh(refreshToken), mqttAddress);
    if (accessToken) return toSessionOutput(await people.verify(accessToken), mqttAddress);
    throw new TokenMissingError('No token: send x-auth-token, or refresh_token in the body');
  };

export const handler = httpEndpoint(TOKEN_REFRESH, tokenRefresh(identityProvider(), mqttAddress()));

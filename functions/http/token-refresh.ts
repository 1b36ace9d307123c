/**
 * `POST /manage/api/v1/token/refresh`
 *
 * Issues a new access token for the refresh token in the body, or for the access token in the header, which
 * may have expired.
 */
import { TokenMissingError } from '../core/errors.ts';
import { renewByAccessToken, renewByRefreshToken, type SessionPorts } from '../core/sessions.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { mqttAddress, sessionPorts } from '../ports.ts';
import { TOKEN_REFRESH, toSessionOutput } from '../protocol/sign-in.ts';

export const tokenRefresh =
  (sessions: SessionPorts, mqttAddress: string): HttpEndpoint<typeof TOKEN_REFRESH> =>
  async ({ body, headers }) => {
    const refreshToken = body?.refresh_token;
    const accessToken = headers['x-auth-token'];
    if (refreshToken) return toSessionOutput(await renewByRefreshToken(sessions, refreshToken), mqttAddress);
    if (accessToken) return toSessionOutput(await renewByAccessToken(sessions, accessToken), mqttAddress);
    throw new TokenMissingError('No token: send x-auth-token, or refresh_token in the body');
  };

export const handler = httpEndpoint(TOKEN_REFRESH, tokenRefresh(sessionPorts(), mqttAddress()));

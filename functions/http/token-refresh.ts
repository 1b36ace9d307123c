/**
 * `POST /manage/api/v1/token/refresh`
 *
 * A new token for a refresh token in the body; with the header alone, the token that is still valid comes back.
 */
import { cognitoIdentityProvider } from '../adapters/cognito-identity-provider.ts';
import { TokenMissingError } from '../core/errors.ts';
import type { IdentityProvider } from '../core/sign-in.ts';
import { MQTT_ADDRESS, requireEnv, USER_POOL_CLIENT_ID } from '../environment.ts';
import { type OpenHttpEndpoint, openHttpEndpoint } from '../middleware/http-endpoint.ts';
import { TokenRefreshInput, toSessionOutput } from '../protocol/sign-in.ts';

export const tokenRefresh =
  (people: IdentityProvider, mqttAddress: string): OpenHttpEndpoint<TokenRefreshInput> =>
  async ({ body, headers }) => {
    const refreshToken = body?.refresh_token;
    const accessToken = headers['x-auth-token'];
    if (refreshToken) return toSessionOutput(await people.refresh(refreshToken), mqttAddress);
    if (accessToken) return toSessionOutput(await people.verify(accessToken), mqttAddress);
    throw new TokenMissingError();
  };

export const handler = openHttpEndpoint(
  TokenRefreshInput,
  tokenRefresh(cognitoIdentityProvider(requireEnv(USER_POOL_CLIENT_ID)), process.env[MQTT_ADDRESS] ?? ''),
);

/**
 * `POST /manage/api/v1/login`
 *
 * A person, or Pilot for one, signs in with user name and password.
 */
import { cognitoIdentityProvider } from '../adapters/cognito-identity-provider.ts';
import type { IdentityProvider } from '../core/sign-in.ts';
import { MQTT_ADDRESS, requireEnv, USER_POOL_CLIENT_ID } from '../environment.ts';
import { type OpenHttpEndpoint, openHttpEndpoint } from '../middleware/http-endpoint.ts';
import { LoginInput, toSessionOutput } from '../protocol/sign-in.ts';

export const login =
  (people: IdentityProvider, mqttAddress: string): OpenHttpEndpoint<LoginInput> =>
  async ({ body }) =>
    toSessionOutput(await people.signIn(body.username, body.password), mqttAddress, body.flag ?? undefined);

export const handler = openHttpEndpoint(
  LoginInput,
  login(cognitoIdentityProvider(requireEnv(USER_POOL_CLIENT_ID)), process.env[MQTT_ADDRESS] ?? ''),
);

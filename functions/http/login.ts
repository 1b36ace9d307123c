/**
 * `POST /manage/api/v1/login`
 *
 * A user signs in with user name and password, on a web page or in Pilot.
 */
import type { IdentityProvider } from '../core/sign-in.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { identityProvider, mqttAddress } from '../ports.ts';
import { LOGIN, toSessionOutput } from '../protocol/sign-in.ts';

export const login =
  (people: IdentityProvider, mqttAddress: string): HttpEndpoint<typeof LOGIN> =>
  async ({ body }) =>
    toSessionOutput(await people.signIn(body.username, body.password), mqttAddress, body.flag ?? undefined);

export const handler = httpEndpoint(LOGIN, login(identityProvider(), mqttAddress()));

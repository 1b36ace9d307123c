/**
 * `POST /manage/api/v1/login`
 *
 * A user signs in with user name and password, on a web page or in Pilot.
 */
import { type SessionPorts, startSession } from '../core/sessions.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { mqttAddress, sessionPorts } from '../ports.ts';
import { LOGIN, toSessionOutput } from '../protocol/sign-in.ts';
import { WEB_USER } from '../protocol/user-type.ts';

export const login =
  (sessions: SessionPorts, mqttAddress: string): HttpEndpoint<typeof LOGIN> =>
  async ({ body: { username, password, flag } }) =>
    toSessionOutput(await startSession(sessions, username, password, flag ?? WEB_USER), mqttAddress);

export const handler = httpEndpoint(LOGIN, login(sessionPorts(), mqttAddress()));

import * as v from 'valibot';
import type { Session } from '../core/sessions.ts';
import { homeWorkspace } from '../core/sign-in.ts';
import type { HttpContract } from './contract.ts';
import { OptionalText, RequiredText } from './fields.ts';

/** DJI's user types: web pages and Pilot sign in the same way, and send their type. */
const UserType = v.picklist([1, 2]);

/** Body of `login` (protocol section 2, "The library for people"). */
export const LoginInput = v.object({
  username: RequiredText,
  password: RequiredText,
  flag: v.optional(v.nullable(v.union([UserType, v.pipe(v.picklist(['1', '2']), v.transform(Number))]))),
});

export type LoginInput = v.InferOutput<typeof LoginInput>;

/** Body of `token/refresh`. Without one, the header's token is renewed. */
export const TokenRefreshInput = v.optional(v.nullable(v.object({ refresh_token: OptionalText })));

export type TokenRefreshInput = v.InferOutput<typeof TokenRefreshInput>;

/** `data` of both. `refresh_token` is our own field; it is empty for clients that renew with the header. */
export const SessionOutput = v.object({
  username: v.string(),
  user_id: v.string(),
  workspace_id: v.string(),
  user_type: v.number(),
  access_token: v.string(),
  refresh_token: v.string(),
  mqtt_addr: v.string(),
  mqtt_username: v.string(),
  mqtt_password: v.string(),
});

/** `mqttAddress` is empty without a broker. Users have no MQTT credentials. */
export const toSessionOutput = (
  session: Session,
  mqttAddress: string,
): v.InferOutput<typeof SessionOutput> => ({
  username: session.username,
  user_id: session.userId,
  workspace_id: homeWorkspace(session),
  user_type: session.userType,
  access_token: session.accessToken,
  refresh_token: session.refreshToken ?? '',
  mqtt_addr: mqttAddress,
  mqtt_username: '',
  mqtt_password: '',
});

/** `login`. */
export const LOGIN = {
  name: 'login',
  routes: ['POST /manage/api/v1/login'],
  access: 'open',
  input: LoginInput,
  output: SessionOutput,
} as const satisfies HttpContract;

/** `token/refresh`. It must accept an expired token, so it checks tokens itself. */
export const TOKEN_REFRESH = {
  name: 'token-refresh',
  routes: ['POST /manage/api/v1/token/refresh'],
  access: 'open',
  input: TokenRefreshInput,
  output: SessionOutput,
} as const satisfies HttpContract;

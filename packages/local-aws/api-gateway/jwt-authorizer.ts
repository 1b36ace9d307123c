import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { JwtAuthorizerDefinition } from './definitions.ts';
import type { JwtContext } from './event.ts';

/** The algorithms that HTTP APIs accept. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512'];

/** The most tokens in the cache of verified ones. */
const MAX_VERIFIED = 1_000;

/** Whether a request is allowed. `reason` is for the access log only. */
export type Authorization =
  | { readonly allowed: true; readonly jwt: JwtContext }
  | { readonly allowed: false; readonly statusCode: 401 | 403; readonly reason: string };

/** Finds the public keys of an issuer. */
export type KeysOf = (issuer: string) => Promise<JWTVerifyGetKey>;

/** Checks tokens as the JWT authorizer of an HTTP API does. */
export class JwtAuthorizer {
  readonly #definition: JwtAuthorizerDefinition;
  readonly #keysOf: KeysOf;
  /**
   * Claims of verified tokens. AWS caches the keys of an issuer for two hours, so a withdrawn key is valid
   * there too.
   */
  readonly #verified = new Map<string, JWTPayload>();
  #keys: Promise<JWTVerifyGetKey> | undefined;

  constructor(definition: JwtAuthorizerDefinition, keysOf: KeysOf) {
    this.#definition = definition;
    this.#keysOf = keysOf;
  }

  /** `header` is the value of the identity source. The token needs one of `scopes`. */
  async authorize(header: string | undefined, scopes: readonly string[], now: Date): Promise<Authorization> {
    const token = header?.replace(/^Bearer\s+/i, '').trim();
    if (!token) return refused('no token');
    try {
      const payload = this.#knownPayload(token, now) ?? (await this.#verify(token, now));
      if (!this.#isAudience(payload)) return refused('audience');
      if (payload.iat !== undefined && payload.iat * 1000 > now.getTime() + 1000)
        return refused('issued in the future');
      const granted = scopesOf(payload);
      if (scopes.length > 0 && !scopes.some((scope) => granted.includes(scope))) {
        return { allowed: false, statusCode: 403, reason: 'scope' };
      }
      return {
        allowed: true,
        jwt: { claims: claimTexts(payload), scopes: scopes.length > 0 ? granted : null },
      };
    } catch (error) {
      // The code names the check that failed, and contains nothing of the token.
      return refused(error instanceof errors.JOSEError ? error.code : 'keys of the issuer');
    }
  }

  async #verify(token: string, now: Date): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token, await this.#issuerKeys(), {
      issuer: this.#definition.issuer,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp'],
      currentDate: now,
    });
    const [oldest] = this.#verified.keys();
    if (this.#verified.size >= MAX_VERIFIED && oldest !== undefined) this.#verified.delete(oldest);
    this.#verified.set(token, payload);
    return payload;
  }

  /** The claims of a token that was verified before, while it is valid. */
  #knownPayload(token: string, now: Date): JWTPayload | undefined {
    const payload = this.#verified.get(token);
    if (!payload) return undefined;
    const seconds = now.getTime() / 1000;
    if ((payload.exp ?? 0) > seconds && (payload.nbf ?? 0) <= seconds) return payload;
    this.#verified.delete(token);
    return undefined;
  }

  #isAudience({ aud, client_id: clientId }: JWTPayload): boolean {
    const found = aud === undefined ? [clientId] : [aud].flat();
    return found.some(
      (audience) => typeof audience === 'string' && this.#definition.audience.includes(audience),
    );
  }

  async #issuerKeys(): Promise<JWTVerifyGetKey> {
    this.#keys ??= this.#keysOf(this.#definition.issuer);
    try {
      return await this.#keys;
    } catch (error) {
      this.#keys = undefined;
      throw error;
    }
  }
}

/** The keys of any issuer, from its discovery document. */
export async function discoveredKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(address, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`${address} responded ${response.status}`);
  const { jwks_uri: keysAddress } = (await response.json()) as { jwks_uri?: unknown };
  if (typeof keysAddress !== 'string') throw new Error(`${address} has no jwks_uri`);
  return createRemoteJWKSet(new URL(keysAddress));
}

/** Claims in the form that functions get: all are text, and lists are written as `[a b]`. */
export function claimTexts(payload: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, claimText(value)]));
}

function claimText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(claimText).join(' ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `map[${Object.entries(value)
    .map(([name, inner]) => `${name}:${claimText(inner)}`)
    .sort()
    .join(' ')}]`;
}

function scopesOf({ scope, scp }: JWTPayload): string[] {
  const granted = scope ?? scp;
  if (Array.isArray(granted)) return granted.map(String);
  return typeof granted === 'string' ? granted.split(' ').filter(Boolean) : [];
}

function refused(reason: string): Authorization {
  return { allowed: false, statusCode: 401, reason };
}

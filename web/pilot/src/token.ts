/** When a token was made and when it ends, in seconds since 1970 on the server's clock. */
interface Life {
  readonly from: number;
  readonly until: number;
}

/** Undefined for a token that is no JWT. */
function lifeOf(token: string): Life | undefined {
  try {
    const payload = JSON.parse(atob((token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/')));
    return payload.exp > payload.iat ? { from: payload.iat, until: payload.exp } : undefined;
  } catch {
    return undefined;
  }
}

const RENEWED_BEFORE_THE_END_IN_SECONDS = 600;
const RENEWED_WHEN_UNKNOWN_IN_SECONDS = 1800;

/**
 * In how many seconds a token has to be renewed: ten minutes before it ends, or at half its life when that is
 * short. `serverTimeInSeconds` is left out for a token that has just come: the controller's clock may be wrong.
 */
export function renewalInSeconds(token: string, serverTimeInSeconds?: number): number {
  const life = lifeOf(token);
  if (!life) return RENEWED_WHEN_UNKNOWN_IN_SECONDS;
  const length = life.until - life.from;
  const age = serverTimeInSeconds === undefined ? 0 : serverTimeInSeconds - life.from;
  return Math.max(length - RENEWED_BEFORE_THE_END_IN_SECONDS, length / 2) - age;
}

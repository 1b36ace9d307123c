import { randomUUID } from 'node:crypto';

/** A sign-in: what a token and its refreshed successors have in common. */
export interface Session {
  /** `origin_jti`: a UUID of version 7, which contains the time when the session began. */
  readonly id: string;
  readonly authTime: number;
}

/** A session that begins now. It begins later than `after`, when the user's earlier sessions were ended. */
export function beginSession(now: Date, after: number): Session {
  const milliseconds = Math.max(now.getTime(), after + 1);
  const time = milliseconds.toString(16).padStart(12, '0');
  const random = randomUUID();
  return {
    id: `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`,
    authTime: Math.floor(now.getTime() / 1000),
  };
}

/** The millisecond at which a session began. */
export function sessionBeganAt(session: Session): number {
  return Number.parseInt(session.id.slice(0, 8) + session.id.slice(9, 13), 16);
}

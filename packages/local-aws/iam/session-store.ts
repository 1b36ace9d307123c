import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PolicyDocument } from './policy-document.ts';

/** A temporary credential, without what it takes from its role: that is looked up whenever it is used. */
export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** ISO 8601 */
  readonly expiresAt: string;
  readonly roleArn: string;
  readonly sessionName: string;
  readonly sessionPolicies: readonly PolicyDocument[];
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity?: string;
}

/** Reads the sessions of an earlier run. Empty when there is no file yet. */
export function readSessions(path: string): Session[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  try {
    return (JSON.parse(text) as { sessions: Session[] }).sessions;
  } catch (cause) {
    throw new Error(
      `${path} does not contain the local stack's credentials; delete it to start without them`,
      {
        cause,
      },
    );
  }
}

/** Replaces the file atomically, readable by its owner only. */
export function writeSessions(path: string, sessions: readonly Session[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, JSON.stringify({ sessions }), { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    // A partial file takes space on a full disk.
    rmSync(temporary, { force: true });
    throw error;
  }
}

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { AwsError } from '../http/aws-error.ts';
import type { CompletePasswordPolicy } from './definitions.ts';

const KEY_LENGTH_IN_BYTES = 32;
const derive = promisify<string, Buffer, number, Buffer>(scrypt);

/** The characters that Cognito counts as symbols. */
const SYMBOL = /[\^$*.[\]{}()?"!@#%&/\\,><':;|_~`=+\- ]/;

/** Throws Cognito's `InvalidPasswordException` with the first rule that the password breaks. */
export function checkPasswordPolicy(password: string, policy: CompletePasswordPolicy): void {
  const broken = (
    [
      [password.length < policy.minimumLength, 'Password not long enough'],
      [policy.requireUppercase && !/[A-Z]/.test(password), 'Password must have uppercase characters'],
      [policy.requireLowercase && !/[a-z]/.test(password), 'Password must have lowercase characters'],
      [policy.requireNumbers && !/[0-9]/.test(password), 'Password must have numeric characters'],
      [policy.requireSymbols && !SYMBOL.test(password), 'Password must have symbol characters'],
      [/^\s|\s$/.test(password), 'Password must not begin or end with a space'],
    ] as const
  ).find(([isBroken]) => isBroken);
  if (broken)
    throw new AwsError('InvalidPasswordException', `Password did not conform with policy: ${broken[1]}`);
}

/** A salted scrypt hash, `<salt>:<key>` in base64. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, KEY_LENGTH_IN_BYTES);
  return `${salt.toString('base64')}:${key.toString('base64')}`;
}

/** Whether the password has this hash. Without a hash the result is false, after the same work. */
export async function matchesPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [salt, expected] = (hash ?? NOBODY).split(':').map((part) => Buffer.from(part, 'base64'));
  if (!salt || !expected) throw new Error('A stored password hash is damaged');
  const key = await derive(password, salt, KEY_LENGTH_IN_BYTES);
  return timingSafeEqual(key, expected) && hash !== undefined;
}

const NOBODY = `${randomBytes(16).toString('base64')}:${randomBytes(KEY_LENGTH_IN_BYTES).toString('base64')}`;

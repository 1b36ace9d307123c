import { describe, expect, it } from 'vitest';
import { CredentialsWrongError, TokenInvalidError } from '../../functions/core/errors.ts';
import {
  ERROR_RESPONSES,
  type ErrorResponse,
  responseTo,
} from '../../functions/middleware/error-responses.ts';

const rows = Object.entries(ERROR_RESPONSES) as [string, ErrorResponse][];

describe('answers to errors', () => {
  it('use 401 for tokens and for nothing else: Pilot leaves the cloud on it', () => {
    const leaving = rows.filter(([, { status }]) => status === 401).map(([code]) => code);
    expect(leaving.sort()).toEqual(['token-invalid', 'token-missing', 'token-reused']);
  });

  it('use 200 only for a "no" of the protocol\'s normal course', () => {
    const normal = rows.filter(([, { status }]) => status === 200).map(([code]) => code);
    expect(normal.sort()).toEqual(['credentials-wrong', 'fingerprint-unknown']);
  });

  it('never use the code of success', () => {
    for (const [, { code }] of rows) expect(code).not.toBe(0);
    expect(responseTo(new Error('x')).code).not.toBe(0);
  });

  it('are numbers that HTTP and DJI can carry', () => {
    for (const [, { status, code }] of rows) {
      expect(Number.isInteger(code)).toBe(true);
      expect(status).toBeGreaterThanOrEqual(200);
      expect(status).toBeLessThan(600);
    }
  });

  it('show the message of our own errors only', () => {
    expect(responseTo(new CredentialsWrongError())).toMatchObject({ status: 200, expected: true });
    expect(responseTo(new TokenInvalidError())).toMatchObject({ status: 401, expected: true });
    for (const unexpected of [new Error('x'), { code: 'token-invalid' }, 'text', undefined]) {
      expect(responseTo(unexpected)).toMatchObject({ status: 500, code: 500, expected: false });
    }
  });
});

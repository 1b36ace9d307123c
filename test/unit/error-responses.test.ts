import { describe, expect, it } from 'vitest';
import { CredentialsWrongError, TokenInvalidError } from '../../functions/core/errors.ts';
import {
  ERROR_RESPONSES,
  type ErrorResponse,
  responseTo,
} from '../../functions/middleware/error-responses.ts';

const rows = Object.entries(ERROR_RESPONSES) as [string, ErrorResponse][];

describe('responses to errors', () => {
  it('have 401 for tokens only: Pilot leaves the cloud after it', () => {
    const leaving = rows.filter(([, { status }]) => status === 401).map(([code]) => code);
    expect(leaving.sort()).toEqual(['token-invalid', 'token-missing', 'token-reused']);
  });

  it('have 200 only for refusals in normal operation', () => {
    const normal = rows.filter(([, { status }]) => status === 200).map(([code]) => code);
    expect(normal.sort()).toEqual(['credentials-wrong', 'fingerprint-unknown']);
  });

  it('never have the code of success', () => {
    for (const [, { code }] of rows) expect(code).not.toBe(0);
    expect(responseTo(new Error('x')).code).not.toBe(0);
  });

  it('have numbers that HTTP and DJI allow', () => {
    for (const [, { status, code }] of rows) {
      expect(Number.isInteger(code)).toBe(true);
      expect(status).toBeGreaterThanOrEqual(200);
      expect(status).toBeLessThan(600);
    }
  });

  it('have the messages of our own errors only', () => {
    expect(responseTo(new CredentialsWrongError())).toMatchObject({ status: 200, expected: true });
    expect(responseTo(new TokenInvalidError())).toMatchObject({ status: 401, expected: true });
    for (const unexpected of [new Error('x'), { code: 'token-invalid' }, 'text', undefined]) {
      expect(responseTo(unexpected)).toMatchObject({ status: 500, code: 500, expected: false });
    }
  });
});

import { describe, expect, it, vi } from 'vitest';
import { Authorizer, readAnswer } from '../../iot/authorizer.ts';
import type { IotFunctions } from '../../iot/definitions.ts';

const POLICY = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'iot:Connect', Resource: 'arn:aws:iot:eu-central-1:1:client/a' }],
};

const ANSWER = {
  isAuthenticated: true,
  principalId: 'DOCK1',
  disconnectAfterInSeconds: 86_400,
  refreshAfterInSeconds: 300,
  policyDocuments: [POLICY],
};

describe('the response of an authorizer', () => {
  it('accepts with policies as objects or as text', () => {
    expect(readAnswer({ ...ANSWER, policyDocuments: [POLICY, JSON.stringify(POLICY)] })).toEqual({
      admitted: true,
      admission: {
        principalId: 'DOCK1',
        disconnectAfterInSeconds: 86_400,
        refreshAfterInSeconds: 300,
        policies: [POLICY, POLICY],
      },
    });
  });

  it.each([
    ['that says no', { isAuthenticated: false }, 'the authorizer refuses it'],
    ['that is nothing', null, "AWS would reject the authorizer's response"],
    ['that does not say', { ...ANSWER, isAuthenticated: 'yes' }, 'isAuthenticated'],
    ['with a principal that has a hyphen', { ...ANSWER, principalId: 'dock-1' }, 'principalId'],
    ['with a principal of 129 letters', { ...ANSWER, principalId: 'a'.repeat(129) }, 'principalId'],
    ['with a refresh after 299 s', { ...ANSWER, refreshAfterInSeconds: 299 }, 'refreshAfterInSeconds'],
    [
      'with a connection of over a day',
      { ...ANSWER, disconnectAfterInSeconds: 86_401 },
      'disconnectAfterInSeconds',
    ],
    ['with eleven policies', { ...ANSWER, policyDocuments: Array(11).fill(POLICY) }, 'policyDocuments'],
    ['with a policy that is not JSON', { ...ANSWER, policyDocuments: ['{'] }, "the authorizer's policy"],
    [
      'with a policy that is none',
      { ...ANSWER, policyDocuments: [{ Statement: [] }] },
      "the authorizer's policy",
    ],
    [
      'with a policy of over 2,048 characters',
      {
        ...ANSWER,
        policyDocuments: [{ ...POLICY, Statement: [{ ...POLICY.Statement[0], Sid: 'x'.repeat(2_000) }] }],
      },
      'and 2048 are the limit',
    ],
  ])('refuses: %s', (_description, answer, reason) => {
    expect(readAnswer(answer)).toEqual({ admitted: false, reason: expect.stringContaining(reason) });
  });
});

describe('the authorizer', () => {
  const definition = { name: 'docks', arn: 'arn:authorizer', functionArn: 'arn:function' };
  const event = (username: string) => ({
    signatureVerified: false,
    protocols: ['mqtt' as const],
    protocolData: { mqtt: { username, clientId: 'a' } },
    connectionMetadata: { id: '1' },
  });
  const functions = (overrides: Partial<IotFunctions>): IotFunctions => ({
    invoke: async () => ({ ok: true, payload: JSON.stringify(ANSWER) }),
    invokeEvent: async () => ({ ok: true, payload: 'null' }),
    mayInvoke: () => true,
    ...overrides,
  });

  it('does not start without permission to invoke its function', () => {
    const mayInvoke = vi.fn(() => false);
    expect(() => new Authorizer(definition, functions({ mayInvoke }))).toThrow(
      'Authorizer docks: no permission of arn:function allows arn:authorizer to invoke it',
    );
    expect(mayInvoke).toHaveBeenCalledWith('arn:function', {
      principal: 'iot.amazonaws.com',
      sourceArn: 'arn:authorizer',
    });
  });

  it.each([
    ['DOCK1', true],
    ['DOCK1?x-amz-customauthorizer-name=docks', true],
    ['DOCK1?x-amz-customauthorizer-name=other', false],
  ])('responds to the user name %s: %s', async (username, admitted) => {
    expect(await new Authorizer(definition, functions({})).ask(event(username))).toMatchObject({ admitted });
  });

  it.each([
    [
      'fails',
      async () => ({ ok: false as const, error: { errorType: 'TypeError', errorMessage: 'x', trace: [] } }),
      'authorizer docks failed: TypeError',
    ],
    ['cannot be invoked', () => Promise.reject(new Error('There is no function')), 'There is no function'],
    [
      'answers what is not JSON',
      async () => ({ ok: true as const, payload: '{' }),
      'authorizer docks failed',
    ],
  ])('refuses everybody when the function %s', async (_description, invoke, reason) => {
    expect(await new Authorizer(definition, functions({ invoke })).ask(event('DOCK1'))).toEqual({
      admitted: false,
      reason: expect.stringContaining(reason),
    });
  });

  it('refuses everybody when the function takes over five seconds, without the wait for a worker', async () => {
    vi.useFakeTimers();
    try {
      const invoke: IotFunctions['invoke'] = (_arn, _event, onStart) => {
        if (onStart) setTimeout(onStart, 60_000);
        return new Promise(() => {});
      };
      let answered = false;
      const asked = new Authorizer(definition, functions({ invoke })).ask(event('A')).finally(() => {
        answered = true;
      });
      await vi.advanceTimersByTimeAsync(64_999);
      expect(answered).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(await asked).toEqual({ admitted: false, reason: 'authorizer docks took over 5000 ms' });
    } finally {
      vi.useRealTimers();
    }
  });
});

import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { describe, expect, it } from 'vitest';
import { cognitoWorkspaceDirectory } from '../../functions/adapters/cognito-workspace-directory.ts';
import { chosenWorkspace } from '../../functions/core/sign-in.ts';
import { FOREIGN_WORKSPACE, WORKSPACE } from '../fixtures/library.ts';
import { type CannedAnswer, cannedAws } from './canned-aws.ts';

const findName = (answer: CannedAnswer) => {
  const { sent, settings } = cannedAws(answer);
  const client = new CognitoIdentityProviderClient({ ...settings, maxAttempts: 1 });
  const found = cognitoWorkspaceDirectory('pool-1', client).findName(WORKSPACE);
  return { found, asked: () => JSON.parse(sent[0]?.body ?? '') };
};
const refused = (name: string): CannedAnswer => ({
  status: 400,
  headers: { 'x-amzn-errortype': name },
  body: JSON.stringify({ __type: name, message: 'reason' }),
});

describe("a workspace's name", () => {
  it.each([
    ['the description of its group', { Description: 'Survey' }, 'Survey'],
    ['unknown where nobody described the group', {}, undefined],
    ['unknown where the description is empty', { Description: '' }, undefined],
  ])('is %s', async (_what, group, expected) => {
    const { found, asked } = findName({ status: 200, body: JSON.stringify({ Group: group }) });
    expect(await found).toBe(expected);
    expect(asked()).toEqual({ UserPoolId: 'pool-1', GroupName: WORKSPACE });
  });

  it('is unknown after the group was deleted', async () => {
    expect(await findName(refused('ResourceNotFoundException')).found).toBeUndefined();
  });

  it.each(['TooManyRequestsException', 'NotAuthorizedException'])('is an error after %s', async (name) => {
    await expect(findName(refused(name)).found).rejects.toMatchObject({ name });
  });
});

describe('the requested workspace', () => {
  const member = { workspaceIds: [WORKSPACE, FOREIGN_WORKSPACE] };
  const home = [WORKSPACE, FOREIGN_WORKSPACE].sort()[0];

  it('is one of the token, or the first', () => {
    expect(chosenWorkspace(member, FOREIGN_WORKSPACE)).toBe(FOREIGN_WORKSPACE);
    expect(chosenWorkspace(member, undefined)).toBe(home);
  });

  it('is never one that the token does not list', () => {
    expect(() => chosenWorkspace({ workspaceIds: [WORKSPACE] }, FOREIGN_WORKSPACE)).toThrow(
      expect.objectContaining({ code: 'workspace-forbidden' }),
    );
    expect(() => chosenWorkspace(member, 'Survey')).toThrow(
      expect.objectContaining({ code: 'malformed-request' }),
    );
    expect(() => chosenWorkspace({ workspaceIds: [] }, undefined)).toThrow(
      expect.objectContaining({ code: 'user-without-workspace' }),
    );
  });
});

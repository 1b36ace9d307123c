import {
  CognitoIdentityProviderClient,
  GetGroupCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-cognito-identity-provider';
import type { WorkspaceDirectory } from '../core/workspace-directory.ts';

/** A workspace is a group of the user pool. The group's description is its name. */
export const cognitoWorkspaceDirectory = (
  userPoolId: string,
  client = new CognitoIdentityProviderClient({}),
): WorkspaceDirectory => ({
  async findName(workspaceId) {
    try {
      const { Group } = await client.send(
        new GetGroupCommand({ UserPoolId: userPoolId, GroupName: workspaceId }),
      );
      return Group?.Description || undefined;
    } catch (error) {
      // A token may be valid for an hour after its group was deleted.
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  },
});

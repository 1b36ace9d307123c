import {
  type AuthenticationResultType,
  CognitoIdentityProviderClient,
  GetUserCommand,
  InitiateAuthCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { CredentialsWrongError, TokenInvalidError } from '../core/errors.ts';
import type { IdentityProvider, Session } from '../core/sign-in.ts';
import { isWorkspaceId } from '../core/workspace.ts';

/** How Cognito refuses a user: all of them look alike from outside. */
const REFUSALS = new Set([
  'NotAuthorizedException',
  'UserNotFoundException',
  'UserNotConfirmedException',
  'PasswordResetRequiredException',
  'InvalidParameterException',
]);

const isRefusal = (error: unknown): boolean => error instanceof Error && REFUSALS.has(error.name);

/** What a token says that Cognito itself has just made or accepted, so there is no signature left to check. */
const claimsOf = (accessToken: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());

function sessionOf(accessToken: string, refreshToken: string | undefined): Session {
  const claims = claimsOf(accessToken);
  const groups = claims['cognito:groups'];
  return {
    userId: String(claims['sub']),
    username: String(claims['username']),
    workspaceIds: (Array.isArray(groups) ? groups.map(String) : []).filter(isWorkspaceId),
    accessToken,
    ...(refreshToken && { refreshToken }),
  };
}

/** Sign-in with a Cognito user pool; its groups that are named by a UUID are the workspaces. */
export function cognitoIdentityProvider(
  clientId: string,
  client = new CognitoIdentityProviderClient({}),
): IdentityProvider {
  const initiate = async (
    flow: 'USER_PASSWORD_AUTH' | 'REFRESH_TOKEN_AUTH',
    parameters: Record<string, string>,
  ): Promise<AuthenticationResultType | undefined> => {
    const { AuthenticationResult } = await client.send(
      new InitiateAuthCommand({ ClientId: clientId, AuthFlow: flow, AuthParameters: parameters }),
    );
    return AuthenticationResult;
  };

  return {
    async signIn(username, password) {
      try {
        const result = await initiate('USER_PASSWORD_AUTH', { USERNAME: username, PASSWORD: password });
        // A challenge (a password to be replaced, say) is nothing that a controller could answer.
        if (!result?.AccessToken) throw new CredentialsWrongError();
        return sessionOf(result.AccessToken, result.RefreshToken);
      } catch (cause) {
        throw isRefusal(cause) ? new CredentialsWrongError({ cause }) : cause;
      }
    },

    async refresh(refreshToken) {
      try {
        const result = await initiate('REFRESH_TOKEN_AUTH', { REFRESH_TOKEN: refreshToken });
        if (!result?.AccessToken) throw new TokenInvalidError();
        return sessionOf(result.AccessToken, result.RefreshToken ?? refreshToken);
      } catch (cause) {
        throw isRefusal(cause) ? new TokenInvalidError({ cause }) : cause;
      }
    },

    async verify(accessToken) {
      try {
        await client.send(new GetUserCommand({ AccessToken: accessToken }));
      } catch (cause) {
        throw isRefusal(cause) ? new TokenInvalidError({ cause }) : cause;
      }
      // Cognito takes a token of any user pool in the region here.
      if (claimsOf(accessToken)['client_id'] !== clientId) throw new TokenInvalidError();
      return sessionOf(accessToken, undefined);
    },
  };
}

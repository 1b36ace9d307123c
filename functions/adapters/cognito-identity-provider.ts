import {
  type AuthenticationResultType,
  CognitoIdentityProviderClient,
  GetUserCommand,
  InitiateAuthCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { CredentialsWrongError, TokenInvalidError } from '../core/errors.ts';
import type { IdentityProvider, Session } from '../core/sign-in.ts';
import { isWorkspaceId } from '../core/workspace.ts';

/** Cognito's refusals of a user. They all get the same response. */
const REFUSALS = new Set([
  'NotAuthorizedException',
  'UserNotFoundException',
  'UserNotConfirmedException',
  'PasswordResetRequiredException',
  'InvalidParameterException',
]);

const isRefusal = (error: unknown): boolean => error instanceof Error && REFUSALS.has(error.name);

/** The claims of a token that Cognito has just issued or accepted, so its signature need not be verified. */
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

/** Sign-in with a Cognito user pool. Groups whose names are UUIDs are the workspaces. */
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
        // A controller cannot respond to a challenge, such as a password that must be replaced.
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
      // This call of Cognito accepts tokens of all user pools in the region.
      if (claimsOf(accessToken)['client_id'] !== clientId) throw new TokenInvalidError();
      return sessionOf(accessToken, undefined);
    },
  };
}

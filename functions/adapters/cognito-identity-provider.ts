import {
  type AuthenticationResultType,
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
  RevokeTokenCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { CredentialsWrongError, TokenInvalidError } from '../core/errors.ts';
import type { IdentityProvider, IssuedAccess } from '../core/sign-in.ts';
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

/** The claims of a token that Cognito has just issued, so its signature need not be verified. */
const claimsOf = (accessToken: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());

function issuedAccess(accessToken: string): IssuedAccess {
  const claims = claimsOf(accessToken);
  const groups = claims['cognito:groups'];
  return {
    userId: String(claims['sub']),
    username: String(claims['username']),
    workspaceIds: (Array.isArray(groups) ? groups.map(String) : []).filter(isWorkspaceId),
    accessToken,
    accessTokenExpiresAt: new Date(Number(claims['exp']) * 1000),
  };
}

/**
 * Sign-in with a Cognito user pool. Groups whose names are UUIDs are the workspaces. Cognito's refresh token
 * is the renewal token.
 */
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
        if (!result?.AccessToken || !result.RefreshToken) throw new CredentialsWrongError();
        return { ...issuedAccess(result.AccessToken), renewalToken: result.RefreshToken };
      } catch (cause) {
        throw isRefusal(cause) ? new CredentialsWrongError({ cause }) : cause;
      }
    },

    async renew(renewalToken) {
      try {
        const result = await initiate('REFRESH_TOKEN_AUTH', { REFRESH_TOKEN: renewalToken });
        if (!result?.AccessToken) throw new TokenInvalidError();
        return issuedAccess(result.AccessToken);
      } catch (cause) {
        throw isRefusal(cause) ? new TokenInvalidError({ cause }) : cause;
      }
    },

    async end(renewalToken) {
      await client.send(new RevokeTokenCommand({ ClientId: clientId, Token: renewalToken }));
    },
  };
}

import { CognitoIdentityProviderClient, GetUserCommand } from '@aws-sdk/client-cognito-identity-provider';

/** One call to Cognito that needs no credentials, to be bundled as functions are. */
export const probe = () =>
  new CognitoIdentityProviderClient({}).send(new GetUserCommand({ AccessToken: 'token' }));

import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

/** One call to STS, to be bundled as functions are. */
export const probe = () => new STSClient({}).send(new GetCallerIdentityCommand());

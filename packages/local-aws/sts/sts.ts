import { createServer, type IncomingMessage } from 'node:http';
import { newRequestId, sendError, sendXml } from '../http/answers.ts';
import { AwsError, notImplemented } from '../http/aws-error.ts';
import { type LocalService, localService } from '../http/local-service.ts';
import { parseQuery, readBody, requestTarget } from '../http/request.ts';
import { type XmlNode, xmlDocument } from '../http/xml.ts';
import { assumeRole } from '../iam/assume-role.ts';
import { assumeRoleInput, type QueryParameters } from '../iam/assume-role-input.ts';
import type { Identities, Identity } from '../iam/identities.ts';
import { authenticate } from '../iam/sigv4.ts';

/** How to start the local STS. */
export interface StsOptions {
  readonly identities: Identities;
  readonly region: string;
  readonly clock?: () => Date;
  /** Called with errors of the local stack itself. @default ignored */
  readonly onFault?: (error: unknown) => void;
}

const API_VERSION = '2011-06-15';
const NAMESPACE = `https://sts.amazonaws.com/doc/${API_VERSION}/`;

/** Far more than the longest request: a policy of 2,048 characters and 50 tags. */
const MAX_BODY_SIZE_IN_BYTES = 256 * 1024;

/** The operations of the local STS. */
export const STS_OPERATIONS = ['AssumeRole', 'GetCallerIdentity'] as const;

/** The local STS, with AWS's query protocol. */
export function createSts(options: StsOptions): LocalService {
  const server = createServer(async (request, response) => {
    const requestId = newRequestId();
    try {
      sendXml(response, 200, await answer(request, requestId, options), requestId);
    } catch (error) {
      if (!(error instanceof AwsError)) options.onFault?.(error);
      sendError(response, error, { protocol: 'query', requestId });
    }
  });
  return localService('sts', server);
}

async function answer(request: IncomingMessage, requestId: string, options: StsOptions): Promise<string> {
  const { identities, region, clock = () => new Date() } = options;
  const body = await readBody(request, MAX_BODY_SIZE_IN_BYTES);
  const { identity } = await authenticate(request, { service: 'sts', region, identities, clock, body });
  const parameters = queryParameters(request, body);
  const action = STS_OPERATIONS.find((name) => name === parameters.get('Action'));
  if (parameters.get('Version') !== API_VERSION) {
    throw new AwsError('NoSuchVersion', `STS only has the version ${API_VERSION}.`);
  }
  switch (action) {
    case 'AssumeRole': {
      const session = assumeRole(identities, identity, assumeRoleInput(parameters), clock());
      return document(action, assumeRoleResult(session), requestId);
    }
    case 'GetCallerIdentity':
      return document(action, callerIdentityResult(identity, identities), requestId);
    default:
      throw notImplemented(`the STS action ${parameters.get('Action')}`);
  }
}

/** The parameters in the form body, or in the query of a presigned request. */
function queryParameters(request: IncomingMessage, body: Buffer): QueryParameters {
  const pairs = body.length > 0 ? parseQuery(body.toString('utf8')) : requestTarget(request).query;
  return new Map(pairs.filter(([name]) => !name.startsWith('X-Amz-')));
}

function document(action: string, result: XmlNode, requestId: string): string {
  return xmlDocument(
    `${action}Response`,
    { [`${action}Result`]: result, ResponseMetadata: { RequestId: requestId } },
    NAMESPACE,
  );
}

function assumeRoleResult(session: Identity): XmlNode {
  return {
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.principalArn },
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: session.expiresAt?.toISOString().replace('.000Z', 'Z'),
    },
    SourceIdentity: session.sourceIdentity,
  };
}

function callerIdentityResult(identity: Identity, identities: Identities): XmlNode {
  return { Arn: identity.principalArn, UserId: identity.userId, Account: identities.accountId };
}

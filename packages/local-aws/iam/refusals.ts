import { AwsError, type ErrorProtocol } from '../http/aws-error.ts';

/** Why a request is refused. */
export type Refusal =
  | 'no-credentials'
  | 'malformed-header'
  | 'malformed-query'
  | 'two-mechanisms'
  | 'wrong-scope'
  | 'unknown-key'
  | 'wrong-token'
  | 'unsigned-header'
  | 'wrong-signature'
  | 'clock-skew'
  | 'link-expired'
  | 'credentials-expired'
  | 'access-denied';

type Row = Record<ErrorProtocol, readonly [code: string, statusCode: number]>;

/** AWS's codes for each refusal: those of S3, the query protocol (STS) and the JSON protocols differ. */
const CODES = {
  'no-credentials': {
    s3: ['AccessDenied', 403],
    query: ['MissingAuthenticationToken', 403],
    json: ['MissingAuthenticationTokenException', 400],
  },
  'malformed-header': {
    s3: ['AuthorizationHeaderMalformed', 400],
    query: ['IncompleteSignature', 400],
    json: ['IncompleteSignatureException', 400],
  },
  'malformed-query': {
    s3: ['AuthorizationQueryParametersError', 400],
    query: ['IncompleteSignature', 400],
    json: ['IncompleteSignatureException', 400],
  },
  'two-mechanisms': {
    s3: ['InvalidArgument', 400],
    query: ['IncompleteSignature', 400],
    json: ['IncompleteSignatureException', 400],
  },
  'wrong-scope': {
    s3: ['AuthorizationHeaderMalformed', 400],
    query: ['SignatureDoesNotMatch', 403],
    json: ['InvalidSignatureException', 400],
  },
  'unknown-key': {
    s3: ['InvalidAccessKeyId', 403],
    query: ['InvalidClientTokenId', 403],
    json: ['UnrecognizedClientException', 400],
  },
  'wrong-token': {
    s3: ['InvalidToken', 400],
    query: ['InvalidClientTokenId', 403],
    json: ['UnrecognizedClientException', 400],
  },
  'unsigned-header': {
    s3: ['AccessDenied', 403],
    query: ['SignatureDoesNotMatch', 403],
    json: ['InvalidSignatureException', 400],
  },
  'wrong-signature': {
    s3: ['SignatureDoesNotMatch', 403],
    query: ['SignatureDoesNotMatch', 403],
    json: ['InvalidSignatureException', 400],
  },
  'clock-skew': {
    s3: ['RequestTimeTooSkewed', 403],
    query: ['RequestTimeTooSkewed', 403],
    json: ['InvalidSignatureException', 400],
  },
  'link-expired': {
    s3: ['AccessDenied', 403],
    query: ['SignatureDoesNotMatch', 403],
    json: ['InvalidSignatureException', 400],
  },
  'credentials-expired': {
    s3: ['ExpiredToken', 400],
    query: ['ExpiredToken', 403],
    json: ['ExpiredTokenException', 400],
  },
  'access-denied': {
    s3: ['AccessDenied', 403],
    query: ['AccessDenied', 403],
    json: ['AccessDeniedException', 400],
  },
} as const satisfies Record<Refusal, Row>;

/** The error of a service for a refusal. */
export function refuse(
  protocol: ErrorProtocol,
  refusal: Refusal,
  message: string,
  details?: Readonly<Record<string, string>>,
): AwsError {
  const [code, statusCode] = CODES[refusal][protocol];
  return new AwsError(code, message, statusCode, details);
}

/** The error format of a service, by its name in a credential scope. */
export function protocolOf(service: string): ErrorProtocol {
  return service === 's3' ? 's3' : service === 'sts' ? 'query' : 'json';
}

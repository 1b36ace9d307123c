/**
 * How a service encodes its errors: as S3's XML, the query protocol's XML (STS), or JSON (DynamoDB, Cognito).
 */
export type ErrorProtocol = 's3' | 'query' | 'json';

/** A refusal that the client sees, with AWS's error code. */
export class AwsError extends Error {
  readonly code: string;
  readonly statusCode: number;
  /** More elements of S3's error document, such as `Resource`, `Region` or `UploadId`. */
  readonly details: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    statusCode = 400,
    details: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'AwsError';
    this.code = code;
    this.statusCode = statusCode;
    this.details = details;
  }
}

/** The response to everything that the local stack does not implement. */
export function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', `The local stack does not implement ${what}.`, 501);
}

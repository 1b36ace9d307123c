import { AwsError } from '../http/aws-error.ts';

/** A parameter or header has an invalid value. */
export function invalidArgument(name: string, value: string, message: string): AwsError {
  return new AwsError('InvalidArgument', message, 400, { ArgumentName: name, ArgumentValue: value });
}

/** There is no such object, or its current version is a delete marker. */
export function noSuchKey(key: string): AwsError {
  return new AwsError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });
}

/** The method does not apply to this resource. */
export function methodNotAllowed(method: string, resourceType?: string): AwsError {
  return new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405, {
    Method: method,
    ...(resourceType === undefined ? {} : { ResourceType: resourceType }),
  });
}

/** A condition of the request is not met. */
export function preconditionFailed(condition: string): AwsError {
  return new AwsError(
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold',
    412,
    { Condition: condition },
  );
}

/** A body or object does not have the checksum that the request says. */
export function badDigest(checksumName: string): AwsError {
  return new AwsError(
    'BadDigest',
    `The ${checksumName} you specified did not match the calculated checksum.`,
  );
}

/** The signature of the body, or of a part of it, is wrong. */
export function signatureMismatch(): AwsError {
  return new AwsError(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    403,
  );
}

/** An error of the local stack itself. */
export function internalError(): AwsError {
  return new AwsError('InternalError', 'We encountered an internal error. Please try again.', 500);
}

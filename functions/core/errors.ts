/** The errors of the library. Their responses are in one table, `middleware/error-responses.ts`. */
export type ErrorCode =
  | 'malformed-request'
  | 'body-too-large'
  | 'workspace-forbidden'
  | 'object-key-outside-workspace'
  | 'fingerprint-unknown'
  | 'object-missing'
  | 'integrity-mismatch'
  | 'credentials-wrong'
  | 'token-missing'
  | 'token-invalid'
  | 'token-reused'
  | 'user-without-workspace'
  | 'route-unknown'
  | 'flight-unknown'
  | 'gateway-unknown'
  | 'gateway-unregistered'
  | 'device-refused'
  | 'organization-unknown'
  | 'module-unsupported'
  | 'dock-settings-missing'
  | 'service-unavailable';

/**
 * A refusal. Its receiver may read `message`, so it must not contain secrets or names of other workspaces.
 */
export abstract class MediaLibraryError extends Error {
  abstract readonly code: ErrorCode;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class MalformedRequestError extends MediaLibraryError {
  readonly code = 'malformed-request';
}

export class BodyTooLargeError extends MediaLibraryError {
  readonly code = 'body-too-large';

  constructor(sizeInBytes: number, limitInBytes: number) {
    super(`The body has ${sizeInBytes} bytes; at most ${limitInBytes} are accepted`);
  }
}

export class WorkspaceForbiddenError extends MediaLibraryError {
  readonly code = 'workspace-forbidden';

  constructor() {
    super('The token does not allow this workspace');
  }
}

export class ObjectKeyOutsideWorkspaceError extends MediaLibraryError {
  readonly code = 'object-key-outside-workspace';

  constructor() {
    super('The object key is not below the prefix of this workspace');
  }
}

/** Not a fault: it makes the device upload the file. */
export class FingerprintUnknownError extends MediaLibraryError {
  readonly code = 'fingerprint-unknown';

  constructor(fingerprint: string) {
    super(`${fingerprint} does not exist`);
  }
}

export class ObjectMissingError extends MediaLibraryError {
  readonly code = 'object-missing';

  constructor() {
    super('The object is not in the bucket; upload it, then report it again');
  }
}

/** The stored bytes differ from those of the device, which must keep its copy. */
export class IntegrityMismatchError extends MediaLibraryError {
  readonly code = 'integrity-mismatch';

  constructor() {
    super('The stored object does not have the reported fingerprint; keep the file and upload it again');
  }
}

/** The same error for a wrong password, an unknown user and a disabled one. */
export class CredentialsWrongError extends MediaLibraryError {
  readonly code = 'credentials-wrong';

  constructor(options?: ErrorOptions) {
    super('User name or password is wrong', options);
  }
}

export class TokenMissingError extends MediaLibraryError {
  readonly code = 'token-missing';
}

export class TokenInvalidError extends MediaLibraryError {
  readonly code = 'token-invalid';

  constructor(options?: ErrorOptions) {
    super('The token is invalid or has expired; sign in again', options);
  }
}

/** Two parties hold the same refresh token. */
export class TokenReusedError extends MediaLibraryError {
  readonly code = 'token-reused';

  constructor() {
    super('The refresh token was used twice, so its session has ended; sign in again');
  }
}

export class UserWithoutWorkspaceError extends MediaLibraryError {
  readonly code = 'user-without-workspace';

  constructor() {
    super('This user has no workspace; an administrator can add one');
  }
}

export class RouteUnknownError extends MediaLibraryError {
  readonly code = 'route-unknown';

  constructor(route: string) {
    super(`There is no route ${route}`);
  }
}

/**
 * A service behind the library failed or throttled. The request must be retried; nothing else follows from
 * it.
 */
export class ServiceUnavailableError extends MediaLibraryError {
  readonly code = 'service-unavailable';
}

export class FlightUnknownError extends MediaLibraryError {
  readonly code = 'flight-unknown';

  constructor() {
    super('There is no such flight');
  }
}

/** The dock that an operator named does not exist, or is in another workspace. */
export class GatewayUnknownError extends MediaLibraryError {
  readonly code = 'gateway-unknown';
}

/** A device that is not registered, or whose registration was revoked. */
export class GatewayUnregisteredError extends MediaLibraryError {
  readonly code = 'gateway-unregistered';

  constructor() {
    super('This gateway is not registered');
  }
}

/** A device that may not connect to the broker. The reason is only logged: the device is not told. */
export class DeviceRefusedError extends MediaLibraryError {
  readonly code = 'device-refused';
}

export class OrganizationUnknownError extends MediaLibraryError {
  readonly code = 'organization-unknown';

  constructor() {
    super('The organization is not the workspace that this gateway is registered in');
  }
}

/** A device asked for storage of anything but media. */
export class ModuleUnsupportedError extends MediaLibraryError {
  readonly code = 'module-unsupported';
}

export class DockSettingsMissingError extends MediaLibraryError {
  readonly code = 'dock-settings-missing';

  constructor(missing: readonly string[]) {
    super(`The secret of dock settings lacks ${missing.join(', ')}`);
  }
}

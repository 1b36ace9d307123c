/** Everything that the library refuses, by name. The answers to them stand in one table, `middleware/error-answers.ts`. */
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

/** A refusal with a reason that its receiver may read: no secret and no other workspace's name belongs in `message`. */
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
    super('The token does not open this workspace');
  }
}

export class ObjectKeyOutsideWorkspaceError extends MediaLibraryError {
  readonly code = 'object-key-outside-workspace';

  constructor() {
    super('The object key does not lie under the prefix of this workspace');
  }
}

/** Not a fault: the answer that makes a device upload the file. */
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

/** The stored bytes are not those that the device fingerprinted: it must keep its copy. */
export class IntegrityMismatchError extends MediaLibraryError {
  readonly code = 'integrity-mismatch';

  constructor() {
    super('The stored object does not have the reported fingerprint; keep the file and upload it again');
  }
}

/** One answer for a wrong password, an unknown user and a disabled one. */
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

export class UserWithoutWorkspaceError extends MediaLibraryError {
  readonly code = 'user-without-workspace';

  constructor() {
    super('This user belongs to no workspace; an administrator can add one');
  }
}

export class RouteUnknownError extends MediaLibraryError {
  readonly code = 'route-unknown';

  constructor(route: string) {
    super(`There is nothing at ${route}`);
  }
}

/** A store did not answer, or asked to slow down. Nothing may be concluded from it but to try again. */
export class ServiceUnavailableError extends MediaLibraryError {
  readonly code = 'service-unavailable';
}

export class FlightUnknownError extends MediaLibraryError {
  readonly code = 'flight-unknown';

  constructor() {
    super('Nothing is known of this flight');
  }
}

/** An operator named no dock, or one that is not this workspace's. */
export class GatewayUnknownError extends MediaLibraryError {
  readonly code = 'gateway-unknown';
}

/** A device that nobody registered, or one whose registration was revoked. */
export class GatewayUnregisteredError extends MediaLibraryError {
  readonly code = 'gateway-unregistered';

  constructor() {
    super('This gateway is not registered');
  }
}

/** A device that may not connect to the broker. Only the log hears why: the device is told nothing. */
export class DeviceRefusedError extends MediaLibraryError {
  readonly code = 'device-refused';
}

export class OrganizationUnknownError extends MediaLibraryError {
  readonly code = 'organization-unknown';

  constructor() {
    super('The organization is not the workspace that this gateway is registered in');
  }
}

/** A device wants storage for something else than media. */
export class ModuleUnsupportedError extends MediaLibraryError {
  readonly code = 'module-unsupported';
}

export class DockSettingsMissingError extends MediaLibraryError {
  readonly code = 'dock-settings-missing';

  constructor(missing: readonly string[]) {
    super(`The secret of dock settings lacks ${missing.join(', ')}`);
  }
}

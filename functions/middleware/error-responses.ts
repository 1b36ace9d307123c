import { type ErrorCode, MediaLibraryError } from '../core/errors.ts';
import { METRICS, type MetricName } from '../telemetry.ts';

/** The response to an error. */
export interface ErrorResponse {
  readonly status: number;
  /** The `code` in the envelope: DJI's, if DJI has one (protocol section 5). */
  readonly code: number;
  /** The CloudWatch metric to count it in, when somebody must know of it. */
  readonly metric?: MetricName;
}

/** The responses to all errors. A refusal in normal operation is HTTP 200. 401 is for tokens only. */
export const ERROR_RESPONSES = {
  'malformed-request': { status: 400, code: 200001 },
  'body-too-large': { status: 413, code: 200001 },
  'workspace-forbidden': { status: 403, code: 403 },
  'object-key-outside-workspace': { status: 403, code: 403 },
  'fingerprint-unknown': { status: 200, code: -1 },
  'object-missing': { status: 404, code: 404 },
  'integrity-mismatch': { status: 409, code: 409, metric: METRICS.integrityMismatch },
  // After HTTP 401, DJI's clients end their session. At a login there is none.
  'credentials-wrong': { status: 200, code: 401 },
  'token-missing': { status: 401, code: 600101 },
  'token-invalid': { status: 401, code: 600103 },
  'token-reused': { status: 401, code: 600103 },
  'user-without-workspace': { status: 403, code: 403 },
  'route-unknown': { status: 404, code: 404 },
  'flight-unknown': { status: 404, code: 404 },
  'gateway-unknown': { status: 404, code: 210001 },
  'gateway-unregistered': { status: 404, code: 210001 },
  'device-refused': { status: 403, code: 210001, metric: METRICS.deviceRefused },
  'organization-unknown': { status: 404, code: 210234 },
  'module-unsupported': { status: 400, code: 210002 },
  'dock-settings-missing': { status: 503, code: 503, metric: METRICS.dockSettingsMissing },
  'service-unavailable': { status: 503, code: 503 },
} as const satisfies Record<ErrorCode, ErrorResponse>;

const UNEXPECTED: ErrorResponse = { status: 500, code: 500 };

/** The response to an error, and whether the caller may see its message. */
export const responseTo = (error: unknown): ErrorResponse & { readonly expected: boolean } =>
  error instanceof MediaLibraryError
    ? { ...ERROR_RESPONSES[error.code], expected: true }
    : { ...UNEXPECTED, expected: false };

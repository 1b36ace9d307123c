import { type ErrorCode, MediaLibraryError } from '../core/errors.ts';
import { METRICS, type MetricName } from '../telemetry.ts';

/** What a caller is told of an error. */
export interface ErrorAnswer {
  readonly status: number;
  /** The envelope's `code`: DJI's where DJI has one (protocol section 5). */
  readonly code: number;
  /** CloudWatch metric to count it in, where somebody must hear of it. */
  readonly metric?: MetricName;
}

/** The whole failure surface. A "no" that is part of the protocol's normal course is HTTP 200; 401 speaks of tokens only. */
export const ERROR_ANSWERS = {
  'malformed-request': { status: 400, code: 200001 },
  'body-too-large': { status: 413, code: 200001 },
  'workspace-forbidden': { status: 403, code: 403 },
  'object-key-outside-workspace': { status: 403, code: 403 },
  'fingerprint-unknown': { status: 200, code: -1 },
  'object-missing': { status: 404, code: 404 },
  'integrity-mismatch': { status: 409, code: 409, metric: METRICS.integrityMismatch },
  // On HTTP 401 DJI's clients drop their session; at a login there is none to drop.
  'credentials-wrong': { status: 200, code: 401 },
  'token-missing': { status: 401, code: 600101 },
  'token-invalid': { status: 401, code: 600103 },
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
} as const satisfies Record<ErrorCode, ErrorAnswer>;

const UNEXPECTED: ErrorAnswer = { status: 500, code: 500 };

/** The answer to an error, and whether its message may be shown to the caller. */
export const answerTo = (error: unknown): ErrorAnswer & { readonly expected: boolean } =>
  error instanceof MediaLibraryError
    ? { ...ERROR_ANSWERS[error.code], expected: true }
    : { ...UNEXPECTED, expected: false };

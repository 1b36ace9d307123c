import * as v from 'valibot';
import { FastUploadInput, FastUploadOutput } from '../../functions/protocol/fast-upload.ts';
import {
  FlightOutput,
  PrioritizeFlightInput,
  PrioritizeFlightOutput,
} from '../../functions/protocol/flight.ts';
import { GroupUploadCallbackInput } from '../../functions/protocol/group-upload-callback.ts';
import { LoginInput, SessionOutput, TokenRefreshInput } from '../../functions/protocol/sign-in.ts';
import { StsOutput } from '../../functions/protocol/sts.ts';
import { TinyFingerprintsInput, TinyFingerprintsOutput } from '../../functions/protocol/tiny-fingerprints.ts';
import { UploadCallbackInput, UploadCallbackOutput } from '../../functions/protocol/upload-callback.ts';
import type { HttpFunctionName } from '../../functions/routes.ts';

/** What the document says of one function. */
export interface Operation {
  readonly summary: string;
  readonly description: string;
  /** Absent where a body is not looked at. */
  readonly input?: v.GenericSchema;
  /** Whether a request without a body is understood. */
  readonly bodyOptional?: boolean;
  readonly output: v.GenericSchema;
  /** Statuses of refusals besides those that every function has. */
  readonly refusals?: Readonly<Record<number, string>>;
}

const Nothing = v.object({});

/** In the order of `functions/routes.ts`; `$default` has no place in a document of routes. */
export const OPERATIONS = {
  login: {
    summary: 'Sign in',
    description:
      'A wrong password, an unknown user and a disabled one get the same answer: HTTP 200 with `code` 401. HTTP 401 would make ' +
      'DJI clients drop a session that does not exist yet.',
    input: LoginInput,
    output: SessionOutput,
    refusals: { 403: 'The user belongs to no workspace' },
  },
  'token-refresh': {
    summary: 'Get a new token',
    description:
      'With `refresh_token` in the body a new token comes back; with the `x-auth-token` header alone, that token, while it is valid.',
    input: TokenRefreshInput,
    bodyOptional: true,
    output: SessionOutput,
    refusals: { 401: 'The token is missing, invalid or expired' },
  },
  'fast-upload': {
    summary: 'Is this file stored already?',
    description:
      '`code` 0: it is, and stands in the library under the asked name and path; nothing needs to be uploaded. `code` -1, with HTTP ' +
      '200: it is not. A hit is answered only after the object itself has been seen.',
    input: FastUploadInput,
    output: FastUploadOutput,
  },
  'tiny-fingerprints': {
    summary: 'Which of these files are stored already?',
    description:
      'At most 10,000. Those that exist come back as they were written, in the order asked, each once. The first public version asked by GET.',
    input: TinyFingerprintsInput,
    output: TinyFingerprintsOutput,
  },
  sts: {
    summary: 'Get storage credentials',
    description:
      'Temporary credentials that can write below `object_key_prefix` and do nothing else. A key is ' +
      '`object_key_prefix + "/" + [directory + "/"] + name`. Every answer has a prefix of its own. `expire` counts seconds from now.',
    output: StsOutput,
  },
  'upload-callback': {
    summary: 'Report an upload',
    description:
      '`code` 0 means that the object is in the bucket and in the catalog, and that the device may delete its copy. A `result` that is ' +
      'not 0 is acknowledged and kept as a failure. Repeating a report changes nothing. Whatever else is of an unexpected form is kept ' +
      'with the raw message and left out of the file’s fields.',
    input: UploadCallbackInput,
    output: UploadCallbackOutput,
    refusals: {
      404: 'The object is not in the bucket; the report can be repeated once it is',
      409: 'The object does not have the reported fingerprint; the device must keep its copy',
    },
  },
  'group-upload-callback': {
    summary: 'Report the progress of a flight',
    description: 'Sent again and again, in any order: counts only go up.',
    input: GroupUploadCallbackInput,
    output: Nothing,
  },
  flight: {
    summary: 'How far is a flight?',
    description:
      'Counts and state of one flight, and what became of a wish to have it first. Not one of DJI’s.',
    output: FlightOutput,
    refusals: { 404: 'Nothing is known of this flight' },
  },
  'prioritize-flight': {
    summary: 'Have a flight uploaded first',
    description:
      'Asks the dock that flew it, by `upload_flighttask_media_prioritize`; its answer becomes the flight’s state. `gateway_sn` names the ' +
      'dock of a flight of which no file has come in yet. Not one of DJI’s.',
    input: PrioritizeFlightInput,
    bodyOptional: true,
    output: PrioritizeFlightOutput,
    refusals: { 404: 'Nothing is known of this flight, or there is no such dock in this workspace' },
  },
} as const satisfies Record<Exclude<HttpFunctionName, 'unknown-route'>, Operation>;

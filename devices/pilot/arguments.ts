/** The command line of `npm run pilot`. */
import { parseArgs } from 'node:util';
import { ArgumentError, folder, wholeNumber } from '../common/arguments.ts';
import { DEFAULT_PART_SIZE_IN_BYTES, SMALLEST_PART_SIZE_IN_BYTES } from '../common/object-upload.ts';
import { DEFAULT_CONCURRENCY } from './upload-folder.ts';

/** The options of `npm run pilot`. Missing ones are found out later. */
export interface PilotArguments {
  readonly from: string;
  readonly api?: string;
  readonly username?: string;
  readonly password?: string;
  readonly workspaceId?: string;
  readonly concurrency: number;
  readonly partSizeInBytes: number;
  readonly trustNames: boolean;
  readonly json: boolean;
  readonly dataDirectory: string;
}

/** Text of `--help`. */
export const PILOT_HELP = `Uploads a folder of drone photos and videos into the media library, the way DJI Pilot 2 does.

  npm run pilot -- --from DIR [options]

  --from DIR          folder to upload, with all folders in it
  --api URL           address of the API (default: the local stack)
  --user NAME         user to sign in as (default with the local stack: its first demo user)
  --password TEXT     the password; better set DJI_MEDIA_LIBRARY_PASSWORD or type it when asked
  --workspace UUID    workspace to upload into (default: the user's own)
  --concurrency N     files at once, 1 to 32 (default ${DEFAULT_CONCURRENCY})
  --part-size MIB     larger files are uploaded in parts of this size, 5 to 1024 (default 8);
                      memory is about concurrency times part size
  --trust-names       do not upload files whose size, capture time, beginning and end are known, without reading
                      them completely: quicker, but misses copies that are damaged in between
  --json              print a JSON summary on standard output, and everything else on standard error
                      (with npm: npm run --silent pilot -- …)
  --data DIR          data folder of the local stack and of the uploader's journal (default .local)

Uploads all files but empty ones and what computers leave on cards (.DS_Store, Thumbs.db, LOST.DIR …). Skipped files
are listed at the end. A file whose full MD5 the library knows is not uploaded again, so an interrupted run continues
when it is started again. DIR/uploader keeps the MD5s until the files change.
Exit code: 0 all stored, 1 a file failed, 2 wrong arguments, 130 stopped by Ctrl-C.`;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function apiAddress(text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new ArgumentError(
      `--api takes an address such as https://abc123.execute-api.eu-central-1.amazonaws.com, not "${text}"`,
    );
  }
  return url.href.replace(/\/+$/, '');
}

function parseOptions(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: false,
      strict: true,
      options: {
        from: { type: 'string' },
        api: { type: 'string' },
        user: { type: 'string' },
        password: { type: 'string' },
        workspace: { type: 'string' },
        concurrency: { type: 'string', default: String(DEFAULT_CONCURRENCY) },
        'part-size': { type: 'string', default: String(DEFAULT_PART_SIZE_IN_BYTES / 1024 / 1024) },
        'trust-names': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        data: { type: 'string', default: '.local' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new ArgumentError(error instanceof Error ? error.message : String(error));
  }
}

/** Reads the command line. Returns `help` for `--help`. Throws `ArgumentError`. */
export function parsePilotArguments(argv: readonly string[]): PilotArguments | 'help' {
  const options = parseOptions(argv);
  if (options.help) return 'help';
  if (!options.from) throw new ArgumentError('--from DIR is missing: which folder should be uploaded?');
  const workspaceId = options.workspace?.toLowerCase();
  if (workspaceId !== undefined && !UUID.test(workspaceId)) {
    throw new ArgumentError(`--workspace takes a UUID, not "${options.workspace}"`);
  }
  const smallestPart = SMALLEST_PART_SIZE_IN_BYTES / 1024 / 1024;
  return {
    from: folder(options.from),
    concurrency: wholeNumber('concurrency', options.concurrency, 1, 32),
    partSizeInBytes: wholeNumber('part-size', options['part-size'], smallestPart, 1024) * 1024 * 1024,
    trustNames: options['trust-names'],
    json: options.json,
    dataDirectory: options.data,
    ...(options.api !== undefined && { api: apiAddress(options.api) }),
    ...(options.user !== undefined && { username: options.user }),
    ...(options.password !== undefined && { password: options.password }),
    ...(workspaceId !== undefined && { workspaceId }),
  };
}

/** The command line of `npm run dock`. */
import { parseArgs } from 'node:util';
import { ArgumentError, folder, wholeNumber } from '../common/arguments.ts';
import { DEFAULT_CONCURRENCY } from './play-dock.ts';

/** The options of `npm run dock`. Missing ones are found out later. */
export interface DockArguments {
  readonly from: string;
  readonly flightId?: string;
  readonly mqtt?: string;
  readonly sn?: string;
  readonly username?: string;
  readonly password?: string;
  readonly droneSn?: string;
  readonly concurrency: number;
  readonly json: boolean;
  readonly dataDirectory: string;
}

/** Text of `--help`. */
export const DOCK_HELP = `Uploads a folder of drone photos, videos and sidecars into the media library, the way a DJI Dock does.

  npm run dock -- --from DIR [options]

  --from DIR          folder with the files of one flight, with all folders in it
  --flight ID         id of the flight (default: a UUID that is always the same for this folder and dock)
  --mqtt URL          address of the MQTT broker: mqtts://HOST:8883 on AWS, or mqtt, ws and wss
                      (default: the local stack)
  --sn SN             the dock's serial number (default with the local stack: its first dock)
  --username NAME     MQTT user name (default: the serial number)
  --password TEXT     the password; better set DJI_MEDIA_LIBRARY_DOCK_PASSWORD or type it when asked
  --drone SN          the drone's serial number (default: the one in the photos, or one made from the dock's)
  --concurrency N     files at once, 1 to 32 (default ${DEFAULT_CONCURRENCY})
  --json              print a JSON summary on standard output, and everything else on standard error
                      (with npm: npm run --silent dock -- …)
  --data DIR          data folder of the local stack and of the dock's journal (default .local)

A real dock deletes files when the library has acknowledged them. The player keeps them and writes a journal into
DIR/dock-player: an interrupted run continues when it is started again, and a second run has nothing to upload.
NODE_EXTRA_CA_CERTS names the certificate of a private CA.
Exit code: 0 all stored, 1 a file failed, 2 wrong arguments, 130 stopped by Ctrl-C.`;

/** DJI's form of serial numbers. They are safe in topics and file names. */
const SERIAL_NUMBER = /^[A-Za-z0-9]{1,64}$/;
/** Usually a UUID. It becomes a part of object keys and of a file name. */
const FLIGHT_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const MQTT_SCHEMES = /^(?:mqtts?|tcp|ssl|wss?):$/;

function serialNumber(option: string, text: string): string {
  if (SERIAL_NUMBER.test(text)) return text;
  throw new ArgumentError(`--${option} takes a serial number, 1 to 64 letters and digits, not "${text}"`);
}

function flightId(text: string): string {
  if (FLIGHT_ID.test(text)) return text;
  throw new ArgumentError(`--flight takes up to 128 letters, digits, - and _, not "${text}"`);
}

function brokerAddress(text: string): string {
  const url = URL.parse(text);
  if (!url || !MQTT_SCHEMES.test(url.protocol) || !url.hostname) {
    throw new ArgumentError(`--mqtt takes an address such as mqtts://mqtt.example.com:8883, not "${text}"`);
  }
  if (url.username || url.password) {
    throw new ArgumentError(
      '--mqtt takes an address without user and password: give the user with --username',
    );
  }
  return text;
}

function parseOptions(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: false,
      strict: true,
      options: {
        from: { type: 'string' },
        flight: { type: 'string' },
        mqtt: { type: 'string' },
        sn: { type: 'string' },
        username: { type: 'string' },
        password: { type: 'string' },
        drone: { type: 'string' },
        concurrency: { type: 'string', default: String(DEFAULT_CONCURRENCY) },
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
export function parseDockArguments(argv: readonly string[]): DockArguments | 'help' {
  const options = parseOptions(argv);
  if (options.help) return 'help';
  if (!options.from) throw new ArgumentError('--from DIR is missing: which folder should be uploaded?');
  return {
    from: folder(options.from),
    concurrency: wholeNumber('concurrency', options.concurrency, 1, 32),
    json: options.json,
    dataDirectory: options.data,
    ...(options.flight !== undefined && { flightId: flightId(options.flight) }),
    ...(options.mqtt !== undefined && { mqtt: brokerAddress(options.mqtt) }),
    ...(options.sn !== undefined && { sn: serialNumber('sn', options.sn) }),
    ...(options.username !== undefined && { username: options.username }),
    ...(options.password !== undefined && { password: options.password }),
    ...(options.drone !== undefined && { droneSn: serialNumber('drone', options.drone) }),
  };
}

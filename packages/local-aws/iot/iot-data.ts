import { createServer, type IncomingMessage } from 'node:http';
import { newRequestId, sendError, sendJson } from '../http/answers.ts';
import { AwsError, notImplemented } from '../http/aws-error.ts';
import { type LocalService, localService } from '../http/local-service.ts';
import { decodePercent, readBody, requestTarget } from '../http/request.ts';
import { authorize } from '../iam/authorize.ts';
import type { Identities } from '../iam/identities.ts';
import { authenticate } from '../iam/sigv4.ts';
import type { Log } from '../log.ts';
import type { IotBroker } from './broker.ts';
import { type BrokerLocation, brokerArn } from './device-permissions.ts';
import { MAX_PAYLOAD_SIZE_IN_BYTES } from './packet-limit.ts';
import { topicProblem } from './topic.ts';

/** The name that the SDK signs with. */
const SERVICE = 'iotdata';

const TOPICS = '/topics/';

/** How to start the data endpoint. */
export interface IotDataOptions extends BrokerLocation {
  readonly identities: Identities;
  readonly broker: Pick<IotBroker, 'publish'>;
  readonly log: Log;
  /** @default the machine's clock */
  readonly clock?: (() => Date) | undefined;
}

/** The data endpoint of AWS IoT, for the SDK's `PublishCommand`. The caller listens. */
export function createIotData(options: IotDataOptions): LocalService {
  const server = createServer(async (request, response) => {
    const requestId = newRequestId();
    try {
      await publish(request, options);
      const text = JSON.stringify({ message: 'OK', traceId: requestId });
      sendJson(response, 200, text, { requestId, contentType: 'application/json' });
    } catch (error) {
      // The client is gone, and nothing is wrong here.
      if (response.destroyed) return;
      if (!(error instanceof AwsError)) {
        options.log({
          source: 'iot-data',
          line: `Fault of the local stack: ${String(error)}`,
          level: 'error',
        });
      }
      sendError(response, asIotError(error), { protocol: 'json', requestId });
    }
  });
  return localService('iot-data', server);
}

async function publish(request: IncomingMessage, options: IotDataOptions): Promise<void> {
  const { identities, region, broker, clock = () => new Date() } = options;
  const { rawPath, query } = requestTarget(request);
  const body = await readBody(request, MAX_PAYLOAD_SIZE_IN_BYTES);
  const { identity } = await authenticate(request, { service: SERVICE, region, identities, clock, body });
  if (request.method !== 'POST' || !rawPath.startsWith(TOPICS)) {
    throw notImplemented(`${request.method} ${rawPath} of AWS IoT's data endpoint`);
  }
  const topic = decodePercent(rawPath.slice(TOPICS.length));
  const problem = topicProblem(topic);
  if (problem !== undefined) throw new AwsError('InvalidRequestException', problem);
  const { qos, retain } = publishParameters(request, query);
  const resource = brokerArn(options, 'topic', topic);
  for (const action of retain ? ['iot:Publish', 'iot:RetainPublish'] : ['iot:Publish']) {
    authorize(SERVICE, identity, { action, resource, now: clock() });
  }
  await broker.publish({ topic, payload: body, qos, retain });
}

function publishParameters(
  { headers }: IncomingMessage,
  query: ReadonlyArray<readonly [name: string, value: string]>,
): { qos: 0 | 1; retain: boolean } {
  const unknown =
    query.map(([name]) => name).find((name) => name !== 'qos' && name !== 'retain') ??
    Object.keys(headers).find((name) => name.startsWith('x-amz-mqtt5-'));
  if (unknown !== undefined) throw notImplemented(`the parameter ${unknown} of Publish`);
  const parameters = new Map(query);
  const qos = parameters.get('qos') ?? '0';
  const retain = parameters.get('retain') ?? 'false';
  if (qos !== '0' && qos !== '1') throw new AwsError('InvalidRequestException', 'QoS is 0 or 1.');
  if (retain !== 'true' && retain !== 'false') {
    throw new AwsError('InvalidRequestException', 'retain is true or false.');
  }
  return { qos: qos === '1' ? 1 : 0, retain: retain === 'true' };
}

/** AWS IoT has its own codes for some errors. */
function asIotError(error: unknown): unknown {
  if (!(error instanceof AwsError)) return error;
  const { code, message, statusCode } = error;
  if (code === 'AccessDeniedException') return new AwsError('ForbiddenException', message, 403);
  if (code === 'RequestEntityTooLarge') return new AwsError('RequestEntityTooLargeException', message, 413);
  const isAboutSignature = statusCode === 400 && /Signature|Token|Client/.test(code);
  return isAboutSignature ? new AwsError(code, message, 403) : error;
}

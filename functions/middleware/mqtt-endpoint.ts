import { MetricUnit } from '@aws-lambda-powertools/metrics';
import middy, { type Request } from '@middy/core';
import * as v from 'valibot';
import type { DevicePublisher } from '../core/device-publisher.ts';
import { GatewayUnregisteredError, MalformedRequestError } from '../core/errors.ts';
import {
  type DeviceRegistry,
  type Gateway,
  type GatewaySn,
  isGatewaySn,
  type Topology,
} from '../core/gateway.ts';
import {
  DockMessage,
  type ReplyChannel,
  RuleEvent,
  replyTo,
  replyTopic,
  wantsReply,
} from '../protocol/dock-message.ts';
import { answerTo } from './error-answers.ts';
import { reportIgnoredFields } from './ignored-fields.ts';
import { logger, metrics } from './log.ts';
import { decode, type InputSchema } from './validated-input.ts';

/** What a method of a gateway gets. */
export interface DockRequest<Data> {
  readonly gateway: Gateway & { readonly topology: Topology };
  readonly data: Data;
  /** The message as the device sent it, as JSON text. */
  readonly raw: string;
  readonly tid: string;
  readonly bid: string;
}

/** Resolves to the reply's `output`, or to nothing. */
export type DockEndpoint<Data> = (request: DockRequest<Data>) => Promise<object | undefined>;

export interface DockEndpointOptions {
  /** Absent where the protocol knows no reply. */
  readonly replyChannel?: ReplyChannel;
  /** `config` is answered with its output alone. @default false */
  readonly bareReply?: boolean;
}

export interface DockEndpointPorts {
  readonly registry: DeviceRegistry;
  readonly publisher: DevicePublisher;
}

/** The rule's event, and what the chain has made of it so far. */
interface MessageEvent {
  sn?: GatewaySn;
  message?: DockMessage;
  raw: string;
  gateway?: DockRequest<unknown>['gateway'];
  data?: unknown;
}

type MessageState = Request<MessageEvent>;

/** Reads the message. Without a `tid` there is nothing to reply to, so it is left unanswered. */
const dockMessage = (method: string) => {
  const dockMessageBefore = ({ event, context }: MessageState): void => {
    logger.resetKeys();
    logger.addContext(context);
    logger.appendKeys({ method });
    const { gateway_sn, payload } = decode(RuleEvent, event);
    if (!isGatewaySn(gateway_sn)) throw new MalformedRequestError('The topic holds no serial number');
    logger.appendKeys({ gateway_sn });
    event.sn = gateway_sn;
    event.raw = Buffer.from(payload, 'base64').toString();
    let parsed: unknown;
    try {
      parsed = JSON.parse(event.raw);
    } catch (cause) {
      throw new MalformedRequestError('The message is not JSON', { cause });
    }
    event.message = decode(DockMessage, parsed);
    logger.appendKeys({ tid: event.message.tid, bid: event.message.bid });
  };
  return { before: dockMessageBefore };
};

/** A gateway's workspace comes from the registry: not from the connection, and not from what the message says. */
const registeredGateway = (registry: DeviceRegistry) => {
  const registeredGatewayBefore = async ({ event }: MessageState): Promise<void> => {
    const gateway = event.sn && (await registry.findGateway(event.sn));
    if (gateway === undefined || gateway.revoked) throw new GatewayUnregisteredError();
    event.gateway = gateway;
    logger.appendKeys({ workspace_id: gateway.workspaceId });
  };
  return { before: registeredGatewayBefore };
};

const validatedData = (schema: InputSchema) => {
  const validatedDataBefore = ({ event }: MessageState): void => {
    const data = event.message?.data;
    // To valibot a list is an object too, and an empty one has everything that is optional.
    if (Array.isArray(data)) throw new MalformedRequestError('data: expected Object');
    const ignored: string[] = [];
    event.data = decode(v.object({ data: schema }), { data }, ignored).data;
    reportIgnoredFields(ignored);
  };
  return { before: validatedDataBefore };
};

/**
 * Sends the reply that is due, good or bad. An unexpected fault is answered too, since a dock waits, and then thrown on: Lambda repeats the
 * event and in the end keeps it at the on-failure destination.
 */
const reply = (publisher: DevicePublisher, { replyChannel, bareReply = false }: DockEndpointOptions) => {
  const send = async ({ event }: MessageState, data: object): Promise<void> => {
    const { sn, message } = event;
    if (!sn || !message || !replyChannel) return;
    if (replyChannel === 'events_reply' && !wantsReply(message)) return;
    await publisher.publish(replyTopic(sn, replyChannel), replyTo(message, data));
  };

  const replyAfter = async (request: MessageState): Promise<void> => {
    const output: unknown = request.response;
    const wrapped = output === undefined ? { result: 0 } : { result: 0, output };
    await send(request, bareReply ? (output as object) : wrapped);
    logger.info('handled');
    request.response = null;
  };

  const replyOnError = async (request: MessageState): Promise<void> => {
    const { code, status, metric, expected } = answerTo(request.error);
    metrics.addMetric('DockMessageRefused', MetricUnit.Count, 1);
    if (metric) metrics.addMetric(metric, MetricUnit.Count, 1);
    metrics.publishStoredMetrics();
    if (status >= 500) logger.error('failed', request.error as Error);
    else logger.warn('refused', { code, reason: request.error?.message });
    await send(request, { result: code });
    if (expected) request.response = null;
  };

  return { after: replyAfter, onError: replyOnError };
};

/** The chain of every MQTT method. `reply` is registered last, so it answers errors first. */
export const dockEndpoint = <Data>(
  method: string,
  schema: InputSchema<Data>,
  endpoint: DockEndpoint<Data>,
  { registry, publisher }: DockEndpointPorts,
  options: DockEndpointOptions = {},
) =>
  middy<MessageEvent>({ timeoutEarlyInMillis: 500 })
    .use(dockMessage(method))
    .use(registeredGateway(registry))
    .use(validatedData(schema))
    .use(reply(publisher, options))
    .handler(async ({ gateway, data, raw, message }: MessageEvent) => {
      if (!gateway || !message) throw new GatewayUnregisteredError();
      return await endpoint({ gateway, data: data as Data, raw, tid: message.tid, bid: message.bid ?? '' });
    });

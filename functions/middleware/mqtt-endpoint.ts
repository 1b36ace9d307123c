import type { Request } from '@middy/core';
import * as v from 'valibot';
import { GatewayUnregisteredError, MalformedRequestError } from '../core/errors.ts';
import { type DeviceRegistry, type Gateway, type GatewaySn, isGatewaySn } from '../core/gateway.ts';
import type { Topology } from '../core/topology.ts';
import type { DockContract, InputOf, OutputOf, Schema } from '../protocol/contract.ts';
import {
  type DevicePublisher,
  DockMessage,
  RuleEvent,
  replyTo,
  wantsReply,
} from '../protocol/dock-message.ts';
import { replyChannelOf, topicOf } from '../protocol/topics.ts';
import { METRICS } from '../telemetry.ts';
import { responseTo } from './error-responses.ts';
import { reportIgnoredFields } from './ignored-fields.ts';
import { logger } from './log.ts';
import { observedChain } from './observed-chain.ts';
import { decode } from './validated-input.ts';

/** What the handler of a method gets. */
export interface DockRequest<Data, Early = undefined> {
  readonly gateway: Gateway & { readonly topology: Topology };
  readonly data: Data;
  /** The message as the device sent it, as JSON text. */
  readonly raw: string;
  readonly tid: string;
  readonly bid: string;
  /** The result of the early start. */
  readonly early: Early | undefined;
}

/**
 * Starts work that needs no gateway, with the unchecked `data`, while the registry is read: it saves the dock
 * a round trip. The result must be useless to a gateway that is not registered.
 */
export type EarlyStart<Early> = (data: unknown) => Early | undefined;

/** Resolves to the reply's `output`, or to nothing when the contract has none. */
export type DockEndpoint<Contract extends DockContract, Early = undefined> = (
  request: DockRequest<InputOf<Contract>, Early>,
) => Promise<OutputOf<Contract>>;

/** The ports of all methods. */
export interface DockEndpointPorts {
  readonly registry: DeviceRegistry;
  readonly publisher: DevicePublisher;
}

/** The event of a rule, and what the chain has added to it. */
interface MessageEvent {
  sn?: GatewaySn;
  message?: DockMessage;
  raw: string;
  gateway?: DockRequest<unknown>['gateway'];
  /** The registry has no such gateway. */
  isForeign?: boolean;
  data?: unknown;
  early?: unknown;
}

type MessageState = Request<MessageEvent>;

/** Longest method in a log line, in UTF-16 code units. Devices choose it. */
const METHOD_LIMIT = 64;

/** Reads the message. Without a `tid` there can be no reply. */
const dockMessage = ({ method, takesUnanswerable = false }: DockContract) => {
  const dockMessageBefore = ({ event }: MessageState): void => {
    if (method !== undefined) logger.appendKeys({ method });
    const { gateway_sn, payload } = decode(RuleEvent, event);
    if (!isGatewaySn(gateway_sn)) throw new MalformedRequestError('The topic has no serial number');
    logger.appendKeys({ gateway_sn });
    event.sn = gateway_sn;
    event.raw = Buffer.from(payload, 'base64').toString();
    let parsed: unknown;
    try {
      parsed = JSON.parse(event.raw);
    } catch (cause) {
      throw new MalformedRequestError('The message is not JSON', { cause });
    }
    const message = decode(DockMessage, parsed);
    if (message.tid === '' && !takesUnanswerable) throw new MalformedRequestError('tid: expected a value');
    event.message = message;
    if (method === undefined) logger.appendKeys({ method: message.method?.slice(0, METHOD_LIMIT) });
    logger.appendKeys({ tid: message.tid, bid: message.bid });
  };
  return { before: dockMessageBefore };
};

/**
 * A gateway's workspace is that of the registry, and not that of the connection or the message. Stacks of one
 * account and region share a broker, so messages of gateways of another stack arrive here too.
 */
const registeredGateway = (registry: DeviceRegistry, begin: EarlyStart<unknown>) => {
  const registeredGatewayBefore = async ({ event }: MessageState): Promise<void> => {
    event.early = begin(event.message?.data);
    const gateway = event.sn && (await registry.findGateway(event.sn));
    event.isForeign = event.sn !== undefined && gateway === undefined;
    if (gateway === undefined || gateway.revoked) throw new GatewayUnregisteredError();
    event.gateway = gateway;
    logger.appendKeys({ workspace_id: gateway.workspaceId });
  };
  return { before: registeredGatewayBefore };
};

const validatedData = (schema: Schema) => {
  const validatedDataBefore = ({ event }: MessageState): void => {
    const data = event.message?.data;
    // valibot accepts lists as objects, and an empty list has no required fields to miss.
    if (Array.isArray(data) && schema.type !== 'unknown')
      throw new MalformedRequestError('data: expected Object');
    const ignored: string[] = [];
    event.data = decode(v.object({ data: schema }), { data }, ignored).data;
    reportIgnoredFields(ignored);
  };
  return { before: validatedDataBefore };
};

/**
 * Sends the reply, for success and refusals. After an unexpected error there is a reply too, since a dock
 * waits, and the error is thrown again: Lambda retries the event, and sends it to the on-failure destination
 * in the end. A gateway of another stack gets its reply from that one.
 */
const reply = (publisher: DevicePublisher, { channel, bareReply = false }: DockContract) => {
  const replyChannel = replyChannelOf(channel);

  const send = async ({ event }: MessageState, data: object): Promise<void> => {
    const { sn, message, isForeign } = event;
    if (isForeign || !sn || !message || message.tid === '' || !replyChannel) return;
    if (channel === 'events' && !wantsReply(message)) return;
    await publisher.publish(topicOf(sn, replyChannel), replyTo(message, data));
  };

  const replyAfter = async (request: MessageState): Promise<void> => {
    const output: unknown = request.response;
    const wrapped = output === undefined ? { result: 0 } : { result: 0, output };
    await send(request, bareReply ? (output as object) : wrapped);
    request.response = null;
  };

  const replyOnError = async (request: MessageState): Promise<void> => {
    const { code, expected } = responseTo(request.error);
    await send(request, { result: code });
    if (expected) request.response = null;
  };

  return { after: replyAfter, onError: replyOnError };
};

/** The chain of all MQTT methods. `reply` is registered last, so it handles errors first. */
export const dockEndpoint = <const Contract extends DockContract, Early = undefined>(
  contract: Contract,
  endpoint: DockEndpoint<Contract, Early>,
  { registry, publisher }: DockEndpointPorts,
  begin: EarlyStart<Early> = () => undefined,
) =>
  observedChain<MessageEvent>({ refusals: METRICS.dockMessageRefused })
    .use(dockMessage(contract))
    .use(registeredGateway(registry, begin))
    .use(validatedData(contract.input))
    .use(reply(publisher, contract))
    .handler(async ({ gateway, data, raw, message, early }: MessageEvent) => {
      if (!gateway || !message) throw new GatewayUnregisteredError();
      const { tid, bid = '' } = message;
      return await endpoint({
        gateway,
        data: data as InputOf<Contract>,
        raw,
        tid: String(tid),
        bid: String(bid),
        early: early as Early | undefined,
      });
    });

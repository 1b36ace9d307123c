import type { Request } from '@middy/core';
import * as v from 'valibot';
import { GatewayUnregisteredError, MalformedRequestError } from '../core/errors.ts';
import {
  type DeviceRegistry,
  type Gateway,
  type GatewaySn,
  isGatewaySn,
  type Topology,
} from '../core/gateway.ts';
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
import { answerTo } from './error-answers.ts';
import { reportIgnoredFields } from './ignored-fields.ts';
import { logger } from './log.ts';
import { observedChain } from './observed-chain.ts';
import { decode } from './validated-input.ts';

/** What a method of a gateway gets. */
export interface DockRequest<Data, Early = undefined> {
  readonly gateway: Gateway & { readonly topology: Topology };
  readonly data: Data;
  /** The message as the device sent it, as JSON text. */
  readonly raw: string;
  readonly tid: string;
  readonly bid: string;
  /** What was begun while the registry was asked. */
  readonly early: Early | undefined;
}

/**
 * Begins what needs no gateway, with `data` as it came, while the registry is asked: one round trip less that the dock waits for. The result must be
 * of no use to a gateway that turns out not to be registered.
 */
export type EarlyStart<Early> = (data: unknown) => Early | undefined;

/** Resolves to the reply's `output`, or to nothing where the contract has none. */
export type DockEndpoint<Contract extends DockContract, Early = undefined> = (
  request: DockRequest<InputOf<Contract>, Early>,
) => Promise<OutputOf<Contract>>;

/** What every method needs. */
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
  early?: unknown;
}

type MessageState = Request<MessageEvent>;

/** Reads the message. Without a `tid` there is nothing to reply to, so it is left unanswered. */
const dockMessage = (method: string) => {
  const dockMessageBefore = ({ event }: MessageState): void => {
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
const registeredGateway = (registry: DeviceRegistry, begin: EarlyStart<unknown>) => {
  const registeredGatewayBefore = async ({ event }: MessageState): Promise<void> => {
    event.early = begin(event.message?.data);
    const gateway = event.sn && (await registry.findGateway(event.sn));
    if (gateway === undefined || gateway.revoked) throw new GatewayUnregisteredError();
    event.gateway = gateway;
    logger.appendKeys({ workspace_id: gateway.workspaceId });
  };
  return { before: registeredGatewayBefore };
};

const validatedData = (schema: Schema) => {
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
const reply = (publisher: DevicePublisher, { channel, bareReply = false }: DockContract) => {
  const replyChannel = replyChannelOf(channel);

  const send = async ({ event }: MessageState, data: object): Promise<void> => {
    const { sn, message } = event;
    if (!sn || !message || !replyChannel) return;
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
    const { code, expected } = answerTo(request.error);
    await send(request, { result: code });
    if (expected) request.response = null;
  };

  return { after: replyAfter, onError: replyOnError };
};

/** The chain of every MQTT method. `reply` is registered last, so it answers errors first. */
export const dockEndpoint = <const Contract extends DockContract, Early = undefined>(
  contract: Contract,
  endpoint: DockEndpoint<Contract, Early>,
  { registry, publisher }: DockEndpointPorts,
  begin: EarlyStart<Early> = () => undefined,
) =>
  observedChain<MessageEvent>({ refusals: METRICS.dockMessageRefused })
    .use(dockMessage(contract.method))
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

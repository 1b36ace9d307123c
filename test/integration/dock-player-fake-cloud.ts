/**
 * A fake cloud for a dock, which can fail on request: a broker on loopback, the methods that docks use, and
 * the object storage of the uploader's fake library.
 */

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { Aedes, type AuthenticateError } from 'aedes';
import {
  type FakeLibrary,
  PASSWORD,
  startFakeLibrary,
  USERNAME,
  WORKSPACE_ID,
} from './pilot-fake-library.ts';

export const SN = '4TADKAQ000002J';
export const DOCK_PASSWORD = 'Kopf-hoch-und-los-77';

/** A received message. */
export interface SeenMessage {
  readonly sn: string;
  readonly channel: string;
  readonly tid: string;
  readonly bid: string;
  readonly method: string;
  readonly need_reply?: number;
  readonly timestamp: number;
  readonly gateway: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into messages of every shape
  readonly data: any;
}

/** `data` of a reply, or silence. */
export type Answer = object | 'silence';

export interface FakeCloud {
  readonly mqtt: string;
  readonly library: FakeLibrary;
  readonly messages: SeenMessage[];
  /** Acknowledged object keys, with repetitions. */
  readonly acknowledged: string[];
  /** Devices that belong to the organization. */
  readonly bound: Set<string>;
  /** Called before each reply. Can replace it. */
  intercept: (message: SeenMessage) => Promise<Answer | undefined> | Answer | undefined;
  saidBy(method: string): SeenMessage[];
  /** Sends a message to the dock. */
  tell(channel: string, message: object): void;
  /** Closes all connections. */
  cut(): void;
  /** Closes them, and refuses new ones. */
  goAway(): void;
  close(): Promise<void>;
}

const REPLY_CHANNELS: Record<string, string> = {
  requests: 'requests_reply',
  events: 'events_reply',
  status: 'status_reply',
};

/** Starts a fake for one test. */
export async function startFakeCloud(): Promise<FakeCloud> {
  const library = await startFakeLibrary();
  const broker = await Aedes.createBroker();
  const sockets = new Set<Socket>();

  broker.authenticate = (_client, username, password, done) => {
    const right = username === SN && password?.toString() === DOCK_PASSWORD;
    done(right ? null : (Object.assign(new Error('refused'), { returnCode: 5 }) as AuthenticateError), right);
  };

  const storageConfig = async (): Promise<object> => {
    const post = async (path: string, token: string, body: object) => {
      const response = await fetch(`${library.api}${path}`, {
        method: 'POST',
        headers: { 'x-auth-token': token },
        body: JSON.stringify(body),
      });
      // biome-ignore lint/suspicious/noExplicitAny: the reply of the fake
      return ((await response.json()) as any).data;
    };
    const login = await post('/manage/api/v1/login', '', { username: USERNAME, password: PASSWORD, flag: 2 });
    return post(`/storage/api/v1/workspaces/${WORKSPACE_ID}/sts`, login.access_token, {});
  };

  const answer = async ({ sn, method, data }: SeenMessage): Promise<Answer> => {
    switch (method) {
      case 'update_topo':
      case 'highest_priority_upload_flighttask_media':
        return { result: 0 };
      case 'config':
        return {
          ntp_server_host: 'pool.ntp.org',
          ntp_server_port: 123,
          app_id: '1',
          app_key: 'key',
          app_license: 'licence',
        };
      case 'airport_bind_status': {
        const status = data.devices.map((device: { sn: string }) => ({
          sn: device.sn,
          is_device_bind_organization: cloud.bound.has(device.sn),
          organization_id: cloud.bound.has(device.sn) ? WORKSPACE_ID : '',
          organization_name: cloud.bound.has(device.sn) ? 'Survey' : '',
        }));
        return { result: 0, output: { bind_status: status } };
      }
      case 'airport_organization_get':
        return data.organization_id === WORKSPACE_ID
          ? { result: 0, output: { organization_name: 'Survey' } }
          : { result: 210234 };
      case 'airport_organization_bind': {
        for (const device of data.bind_devices) cloud.bound.add(device.sn);
        const errors = data.bind_devices.map((device: { sn: string }) => ({ sn: device.sn, err_code: 0 }));
        return { result: 0, output: { err_infos: errors } };
      }
      case 'storage_config_get':
        return { result: 0, output: await storageConfig() };
      case 'file_upload_callback': {
        const key: string = data.file.object_key;
        if (!library.objects.has(key)) return { result: 404 };
        cloud.acknowledged.push(key);
        return { result: 0 };
      }
      default:
        throw new Error(`the fake knows no ${method} (${sn})`);
    }
  };

  const tell = (sn: string, channel: string, message: object): void => {
    const topic = `${channel === 'status_reply' ? 'sys' : 'thing'}/product/${sn}/${channel}`;
    const payload = Buffer.from(JSON.stringify(message));
    broker.publish({ cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false }, () => undefined);
  };

  const take = async (topic: string, payload: Buffer): Promise<void> => {
    const [, , sn = '', channel = ''] = topic.split('/');
    const message: SeenMessage = { sn, channel, ...JSON.parse(payload.toString()) };
    cloud.messages.push(message);
    const replyChannel = REPLY_CHANNELS[channel];
    if (!replyChannel) return;
    const data = (await cloud.intercept(message)) ?? (await answer(message));
    const { tid, bid, method } = message;
    if (data !== 'silence') tell(sn, replyChannel, { tid, bid, method, timestamp: Date.now(), data });
  };

  broker.on('publish', (packet, client) => {
    if (client) void take(packet.topic, packet.payload as Buffer);
  });
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const cloud: FakeCloud = {
    mqtt: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    library,
    messages: [],
    acknowledged: [],
    bound: new Set([SN]),
    intercept: () => undefined,
    saidBy: (method) => cloud.messages.filter((message) => message.method === method),
    tell: (channel, message) => tell(SN, channel, message),
    cut,
    goAway: () => {
      server.close();
      cut();
    },
    close: async () => {
      cut();
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      await library.close();
    },
  };
  return cloud;
}

import { createHash } from 'node:crypto';
import type { IoTCustomAuthorizerEvent, IoTCustomAuthorizerResult } from 'aws-lambda';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { InMemoryDeviceRegistry } from '../../fakes/in-memory-device-registry.ts';
import { devicePolicies, type PolicyDocument } from '../../functions/adapters/device-policy.ts';
import type { GatewaySn } from '../../functions/core/gateway.ts';
import { hashPassword, passwordMatches, randomPassword } from '../../functions/core/gateway-password.ts';
import { EMPTY_TOPOLOGY } from '../../functions/core/topology.ts';
import { authorize } from '../../functions/dock/authorizer.ts';
import { FOREIGN_WORKSPACE } from '../fixtures/library.ts';
import { gateway, invoke, OTHER_SN, SN } from './dock-messages.ts';
import { recordLog } from './http-requests.ts';

vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  return { ...crypto, createHash: vi.fn(crypto.createHash) };
});

const PASSWORD = 'Kopf-hoch-und-los-77-ü';
let passwordHash: string;
let registry: InMemoryDeviceRegistry;
let log: ReturnType<typeof recordLog>;

beforeAll(async () => {
  passwordHash = hashPassword(PASSWORD);
});

beforeEach(() => {
  registry = new InMemoryDeviceRegistry();
  registry.gateways.set(SN, gateway({ passwordHash }));
  registry.gateways.set(OTHER_SN, gateway({ sn: OTHER_SN, workspaceId: FOREIGN_WORKSPACE }));
  log = recordLog();
  vi.mocked(createHash).mockClear();
});

afterEach(() => {
  vi.restoreAllMocks();
});

interface Credentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly clientId?: string;
}

const connectAs = ({ username, password, clientId = SN }: Credentials) =>
  invoke(authorize(registry), {
    signatureVerified: false,
    protocols: ['tls', 'mqtt'],
    protocolData: {
      mqtt: {
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password: Buffer.from(password).toString('base64') }),
        clientId,
      },
    },
    connectionMetadata: { id: '1' },
  } as IoTCustomAuthorizerEvent) as Promise<IoTCustomAuthorizerResult>;

const RIGHT: Credentials = { username: SN, password: PASSWORD };
const arn = (kind: string, name: string) => `arn:aws:iot:eu-central-1:123456789012:${kind}/${name}`;
const resourcesOf = (documents: unknown, action: string): string[] =>
  (documents as PolicyDocument[])
    .flatMap(({ Statement }) => Statement)
    .filter(({ Action }) => Action === action)
    .flatMap(({ Resource }) => Resource);

describe('the authorizer lets in', () => {
  it('a registered gateway with its password, for as long as AWS IoT can be told', async () => {
    const answer = await connectAs(RIGHT);
    expect(answer).toMatchObject({
      isAuthenticated: true,
      principalId: SN,
      disconnectAfterInSeconds: 86_400,
      refreshAfterInSeconds: 300,
    });
    expect(answer.principalId).toMatch(/^[a-zA-Z0-9]{1,128}$/);
  });

  it("whoever names the authorizer behind its user name, as the account's own address wants it", async () => {
    const username = `${SN}?x-amz-customauthorizer-name=DockGatewayAuthorizer&x=1`;
    expect(await connectAs({ ...RIGHT, username })).toMatchObject({
      isAuthenticated: true,
      principalId: SN,
    });
  });

  it.each([SN, `${SN}-1`, `${SN}-2`, `${SN}-3`, `${SN}-4`])(
    'a gateway under the client id %s, and no other',
    async (clientId) => {
      const answer = await connectAs({ ...RIGHT, clientId });
      expect(resourcesOf(answer.policyDocuments, 'iot:Connect')).toEqual([arn('client', clientId)]);
    },
  );

  it('a gateway again that got a new password, with that one only', async () => {
    await registry.revoke(SN);
    await registry.replacePassword(SN, hashPassword('new'));
    expect(await connectAs({ ...RIGHT, password: 'new' })).toMatchObject({ isAuthenticated: true });
    expect(await connectAs(RIGHT)).toEqual({ isAuthenticated: false });
  });
});

describe('the authorizer refuses', () => {
  const expectRefusal = async (credentials: Credentials, reason = 'unknown, revoked or wrong password') => {
    expect(await connectAs(credentials)).toEqual({ isAuthenticated: false });
    const lines = log.lines();
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'WARN', message: 'refused', reason, service: expect.any(String) }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({
        DeviceRefused: 1,
        _aws: expect.objectContaining({
          CloudWatchMetrics: [expect.objectContaining({ Namespace: 'MediaLibrary' })],
        }),
      }),
    );
    expect(lines).toHaveLength(2);
    expect(log.text()).not.toContain(credentials.password || 'no password at all');
  };

  it.each<[string, Credentials]>([
    ['a wrong password', { ...RIGHT, password: `${PASSWORD}x` }],
    ['an empty password', { ...RIGHT, password: '' }],
    ['no password', { username: SN }],
    ['the hash for a password', { ...RIGHT, password: 'sha256$c2FsdA$a2V5' }],
    ['the password and a trailing NUL', { ...RIGHT, password: `${PASSWORD}\0` }],
    ['the password and a space', { ...RIGHT, password: `${PASSWORD} ` }],
    ['the password in another form of Unicode', { ...RIGHT, password: PASSWORD.normalize('NFD') }],
    ["another gateway's name", { ...RIGHT, username: OTHER_SN }],
    ['a name that nobody registered', { ...RIGHT, username: 'UNKNOWN1' }],
    ['a name in lower case', { ...RIGHT, username: SN.toLowerCase() }],
    ['no name', { password: PASSWORD }],
    ['an empty name', { ...RIGHT, username: '' }],
    ['a name with a slash', { ...RIGHT, username: `${SN}/x` }],
    ['a name that is a pattern', { ...RIGHT, username: '*' }],
    ['a name with another behind a question mark', { ...RIGHT, username: `UNKNOWN1?${SN}` }],
    ['a name of 65 characters', { ...RIGHT, username: 'A'.repeat(65) }],
  ])('%s', async (_what, credentials) => {
    await expectRefusal(credentials);
  });

  it('a revoked gateway with the right password', async () => {
    await registry.revoke(SN);
    await expectRefusal(RIGHT);
  });

  it('a password that is stored in no form that it knows', async () => {
    const [, salt, digest] = passwordHash.split('$');
    const broken = [
      '',
      'sha256',
      'sha256$$',
      'plain',
      PASSWORD,
      `$${salt}$${digest}`,
      `md5$${salt}$${digest}`,
    ];
    for (const form of broken) {
      registry.gateways.set(SN, gateway({ passwordHash: form }));
      expect(await connectAs(RIGHT), form).toEqual({ isAuthenticated: false });
    }
  });

  it.each([
    ...['', '*', 'a*', 'a?', 'a/b', 'a+', '#', `\${iot:ClientId}`, 'a b', 'ü', 'x'.repeat(129)],
    ...[OTHER_SN, `${OTHER_SN}-1`, 'mosquitto', 'bridge_1.dock:A@site=2-b', SN.toLowerCase()],
    ...['-', '-0', '-5', '-10', '-01', '-*', '-1-1', '_1', ':1', '1', ' ', '-1\n'].map(
      (end) => `${SN}${end}`,
    ),
    ...[` ${SN}`, `1-${SN}`],
  ])('the client id %j', async (clientId) => {
    await expectRefusal({ ...RIGHT, clientId }, 'client id other than the serial number');
  });

  it('what comes without MQTT', async () => {
    const event = { signatureVerified: false, protocols: ['http'], protocolData: { http: {} } };
    expect(await invoke(authorize(registry), event)).toEqual({ isAuthenticated: false });
  });

  it('to guess while the registry does not answer', async () => {
    registry.failure = new Error('throttled');
    await expect(connectAs(RIGHT)).rejects.toThrow('throttled');
  });
});

describe('the work', () => {
  it.each<[string, Credentials]>([
    ['the right password', RIGHT],
    ['a wrong password', { ...RIGHT, password: 'wrong' }],
    ['no password', { username: SN }],
    ['an unknown gateway', { ...RIGHT, username: 'UNKNOWN1' }],
    ['a name that is no serial number', { ...RIGHT, username: '../' }],
    ['no name', { password: PASSWORD }],
  ])('for %s is one and the same SHA-256', async (_what, credentials) => {
    await connectAs(credentials);
    expect(vi.mocked(createHash).mock.calls).toEqual([['sha256']]);
  });

  it('for a revoked gateway is the same too', async () => {
    await registry.revoke(SN);
    await connectAs(RIGHT);
    expect(createHash).toHaveBeenCalledOnce();
  });

  it('in the registry is one read, and one for each remembered drone', async () => {
    const drones = ['DRONE1', 'DRONE2', 'not a serial number'].map((sn) => ({ sn }));
    await registry.rememberDevices(SN, { drones, online: [] });
    const find = vi.spyOn(registry, 'findGateway');
    await connectAs(RIGHT);
    expect(find.mock.calls).toEqual([[SN], ['DRONE1'], ['DRONE2']]);
  });

  it('in the registry is the same for a wrong password and an unknown gateway', async () => {
    const find = vi.spyOn(registry, 'findGateway');
    await connectAs({ ...RIGHT, password: 'wrong' });
    await connectAs({ ...RIGHT, username: 'UNKNOWN1' });
    expect(find.mock.calls).toEqual([[SN], ['UNKNOWN1']]);
  });
});

describe('a password', () => {
  it('is random, and salted where it is kept', async () => {
    const passwords = new Set(Array.from({ length: 50 }, randomPassword));
    expect(passwords.size).toBe(50);
    for (const password of passwords) expect(password).toMatch(/^[\w-]{32}$/);
    expect(hashPassword(PASSWORD)).not.toBe(passwordHash);
    expect(passwordHash).toMatch(/^sha256\$[\w-]{22}\$[\w-]{43}$/);
  });

  it.each(['\0', ' ', '\n', '='])('with %j behind it is another password', (end) => {
    const password = randomPassword();
    const hash = hashPassword(password);
    expect(passwordMatches(password, hash)).toBe(true);
    expect(passwordMatches(`${password}${end}`, hash)).toBe(false);
    expect(passwordMatches(password, hashPassword(`${password}${end}`))).toBe(false);
  });

  it('does not match a gateway that is not there', async () => {
    expect(passwordMatches('', undefined)).toBe(false);
  });
});

describe("a gateway's policy", () => {
  const location = { partition: 'aws', region: 'eu-central-1', accountId: '123456789012' };
  const with_ = (drones: readonly string[], sn = SN) => ({
    ...gateway({ sn }),
    topology: { ...EMPTY_TOPOLOGY, drones: drones.map((drone) => ({ sn: drone })) },
  });
  const telemetry = ['osd', 'state', 'status'].map((channel) => arn('topic', `thing/product/*/${channel}`));

  it('names its own topics, and the telemetry of any device', async () => {
    const { policyDocuments } = await connectAs(RIGHT);
    expect(resourcesOf(policyDocuments, 'iot:Connect')).toEqual([arn('client', SN)]);
    const channels = ['requests', 'events', 'services_reply', 'property/set_reply', 'drc/up'];
    expect(resourcesOf(policyDocuments, 'iot:Publish')).toEqual([
      ...channels.map((channel) => arn('topic', `thing/product/${SN}/${channel}`)),
      arn('topic', `sys/product/${SN}/status`),
      ...telemetry,
    ]);
    const replies = ['requests_reply', 'events_reply', 'services', 'state_reply', 'property/set', 'drc/down'];
    const listens = [
      ...replies.map((channel) => `thing/product/${SN}/${channel}`),
      `sys/product/${SN}/status_reply`,
    ];
    expect(resourcesOf(policyDocuments, 'iot:Receive')).toEqual(listens.map((topic) => arn('topic', topic)));
    expect(resourcesOf(policyDocuments, 'iot:Subscribe')).toEqual(
      [...listens, `thing/product/${SN}/+`].map((filter) => arn('topicfilter', filter)),
    );
    const actions = (policyDocuments as unknown as PolicyDocument[])
      .flatMap(({ Statement }) => Statement)
      .map(({ Effect, Action }) => `${Effect} ${Action}`);
    expect(new Set(actions)).toEqual(
      new Set(['Allow iot:Connect', 'Allow iot:Publish', 'Allow iot:Subscribe', 'Allow iot:Receive']),
    );
    const starred = (policyDocuments as unknown as PolicyDocument[])
      .flatMap(({ Statement }) => Statement)
      .flatMap(({ Action, Resource }) => Resource.map((resource) => `${Action} ${resource}`))
      .filter((line) => line.includes('*'));
    expect(starred).toEqual(telemetry.map((topic) => `iot:Publish ${topic}`));
  });

  it('lets it listen to the events of its drones, and speak for none', async () => {
    await registry.rememberDevices(SN, { drones: [{ sn: 'DRONE1' }, { sn: 'DRONE2' }], online: ['DRONE1'] });
    const { policyDocuments } = await connectAs(RIGHT);
    const ofDrones = (action: string) =>
      resourcesOf(policyDocuments, action).filter((name) => name.includes('/DRONE'));
    const events = ['DRONE1', 'DRONE2'].map((drone) => `thing/product/${drone}/events`);
    expect(ofDrones('iot:Subscribe')).toEqual(events.map((filter) => arn('topicfilter', filter)));
    expect(ofDrones('iot:Receive')).toEqual(events.map((topic) => arn('topic', topic)));
    expect(ofDrones('iot:Publish')).toEqual([]);
  });

  it('does not let it listen to another gateway that it claims for its drone', async () => {
    const drones = [OTHER_SN, OTHER_SN, OTHER_SN, OTHER_SN, 'DRONE1'].map((sn) => ({ sn }));
    await registry.rememberDevices(SN, { drones, online: [OTHER_SN] });
    const { policyDocuments } = await connectAs(RIGHT);
    expect(JSON.stringify(policyDocuments)).not.toContain(OTHER_SN);
    expect(JSON.stringify(policyDocuments)).toContain('DRONE1');
  });

  it.each(['*', '+', '#', `${OTHER_SN}/events`, `\${iot:ClientId}`, SN])(
    'is not widened by a drone called %j',
    (drone) => {
      expect(devicePolicies(location, with_([drone]), SN)).toEqual(devicePolicies(location, with_([]), SN));
    },
  );

  it('keeps to the limits of AWS IoT, however long the names', () => {
    const longest = (letter: string) => letter.repeat(64) as GatewaySn;
    const drones = [...'BCDEFGHIJKLM'].map(longest);
    const documents = devicePolicies(
      { partition: 'aws-us-gov', region: 'ap-southeast-4', accountId: '123456789012' },
      with_(drones, longest('A')),
      `${longest('A')}-4`,
    );
    expect(documents.length).toBeLessThanOrEqual(10);
    for (const document of documents) expect(JSON.stringify(document).length).toBeLessThanOrEqual(2_048);
    const heard = resourcesOf(documents, 'iot:Receive').filter((name) => name.endsWith('/events'));
    expect(heard).toHaveLength(8);
  });

  it.each(['*', 'a?', '', `\${x}`])('is not made for the client id %j', (clientId) => {
    expect(() => devicePolicies(location, with_([]), clientId)).toThrow(RangeError);
  });
});

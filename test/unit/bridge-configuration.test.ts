import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { devicePolicies } from '../../functions/adapters/device-policy.ts';
import type { GatewaySn } from '../../functions/core/gateway.ts';
import { EMPTY_TOPOLOGY } from '../../functions/core/topology.ts';
import { MANIFEST } from '../../functions/manifest.ts';
import {
  type DownChannel,
  replyChannelOf,
  topicOf,
  type UpChannel,
} from '../../functions/protocol/topics.ts';
import { aclRules, BridgeSettings, bridgeFile, dockSettings } from '../fixtures/bridge.ts';
import { WORKSPACE } from '../fixtures/library.ts';

const SN = '7CTDM5D00B0N22' as GatewaySn;
const PASSWORD = 'a-Password_of_the_cloud';

/** AWS IoT's limits. */
const MAX_PAYLOAD_SIZE_IN_BYTES = 131_072;
const MESSAGES_A_SECOND = 100;
const UNACKNOWLEDGED_MESSAGES = 100;
const KEEP_ALIVE_IN_SECONDS = { least: 30, most: 1_200 };

const broker = new BridgeSettings(bridgeFile('mosquitto.conf'));
const dock = dockSettings({ sn: SN, password: PASSWORD });
const topicsThat = (direction: 'in' | 'out'): string[] =>
  dock.topics.filter((topic) => topic.direction === direction).map(({ filter }) => filter);

/** What the functions read, for one dock. */
const CHANNELS = MANIFEST.flatMap(({ trigger }): readonly UpChannel[] => {
  if (trigger.kind === 'mqtt') return [trigger.contract.channel];
  return trigger.kind === 'mqtt-unnamed' ? trigger.channels : [];
});
const TOLD = new Set(CHANNELS.map((channel) => topicOf(SN, channel)));

/** What the functions say to one dock. */
const SAID = new Set(
  [...CHANNELS.map(replyChannelOf), ...MANIFEST.flatMap(({ may }) => may.publish ?? [])]
    .filter((channel): channel is DownChannel => channel !== undefined)
    .map((channel) => topicOf(SN, channel)),
);

describe("a dock's connection", () => {
  it('forwards the messages that functions read, and no others', () => {
    expect(topicsThat('out').toSorted()).toEqual([...TOLD].toSorted());
  });

  it('forwards the messages that functions send, and no others', () => {
    expect(topicsThat('in').toSorted()).toEqual([...SAID].toSorted());
  });

  it('is allowed by the policy of the dock', () => {
    const gateway = {
      sn: SN,
      workspaceId: WORKSPACE,
      workspaceName: 'Survey',
      passwordHash: '',
      revoked: false,
      createdAt: '',
      topology: EMPTY_TOPOLOGY,
    };
    const location = { partition: 'aws', region: 'eu-central-1', accountId: '123456789012' };
    const allowed = devicePolicies(location, gateway, dock.get('remote_clientid')).flatMap(({ Statement }) =>
      Statement.flatMap(({ Action, Resource }) =>
        Resource.map((arn) => `${Action} ${arn.slice(arn.indexOf('/') + 1)}`),
      ),
    );
    expect(allowed).toEqual(
      expect.arrayContaining([
        `iot:Connect ${SN}`,
        ...topicsThat('out').map((topic) => `iot:Publish ${topic}`),
        ...topicsThat('in').flatMap((topic) => [`iot:Subscribe ${topic}`, `iot:Receive ${topic}`]),
      ]),
    );
  });

  it('uses QoS 1 in both directions, with any QoS of the dock', () => {
    expect(dock.topics.map(({ qos }) => qos)).toEqual(dock.topics.map(() => 1));
    expect(broker.get('max_qos')).toBe('2');
  });

  it('signs in as the dock', () => {
    expect(dock.all('connection')).toEqual([SN]);
    expect(dock.get('remote_username')).toBe(SN);
    expect(dock.get('remote_password')).toBe(PASSWORD);
    expect(dock.get('remote_clientid')).toBe(SN);
  });

  it('uses TLS and verifies the server', () => {
    expect(dock.get('address')).toBe('mqtt.example.com:8883');
    expect(dock.get('bridge_cafile')).toMatch(/^\/etc\/ssl\/certs\//);
    expect(dock.all('bridge_insecure')).toEqual([]);
  });

  it('does nothing for which AWS IoT closes a connection', () => {
    expect(dock.get('bridge_protocol_version')).toBe('mqttv311');
    expect(dock.get('try_private')).toBe('false');
    expect(dock.get('notifications')).toBe('false');
    expect(dock.get('bridge_outgoing_retain')).toBe('false');
    expect(broker.number('message_size_limit')).toBeLessThanOrEqual(MAX_PAYLOAD_SIZE_IN_BYTES);
    const keepAlive = dock.number('keepalive_interval');
    expect(keepAlive).toBeGreaterThanOrEqual(KEEP_ALIVE_IN_SECONDS.least);
    expect(keepAlive).toBeLessThanOrEqual(KEEP_ALIVE_IN_SECONDS.most);
  });

  it('has no packet limit of its own, with which Mosquitto counts messages in flight wrongly', () => {
    expect(dock.all('bridge_max_packet_size')).toEqual([]);
  });

  it('reconnects, with growing delays while it is refused', () => {
    const [first, last] = dock.get('restart_timeout').split(' ').map(Number);
    expect(first).toBeGreaterThanOrEqual(5);
    expect(last).toBeGreaterThan(first ?? Number.POSITIVE_INFINITY);
    expect(dock.all('start_type')).toEqual([]);
  });
});

describe('the broker on site', () => {
  it('keeps messages after a restart', () => {
    expect(broker.get('persistence')).toBe('true');
    expect(broker.get('persistence_location')).toMatch(/^\/.+\/$/);
    expect(dock.get('cleansession')).toBe('false');
    expect(dock.all('local_cleansession')).toEqual([]);
  });

  it('keeps only as many messages as AWS IoT accepts in a second', () => {
    expect(broker.number('max_queued_messages')).toBeLessThan(MESSAGES_A_SECOND);
    expect(broker.number('max_queued_messages')).toBeGreaterThan(0);
  });

  it('has as many messages in flight as AWS IoT allows, so that none of QoS 2 is lost', () => {
    expect(broker.number('max_inflight_messages')).toBe(UNACKNOWLEDGED_MESSAGES);
  });

  it('accepts known docks only, at one address, each with its own client id', () => {
    expect(broker.get('listener')).toBe('1883 SITE_ADDRESS');
    expect(broker.get('allow_anonymous')).toBe('false');
    expect(broker.get('password_file')).toBe('/etc/mosquitto/passwords');
    expect(broker.get('acl_file')).toBe('/etc/mosquitto/acl');
    expect(broker.get('use_username_as_clientid')).toBe('true');
  });

  it('reads a file for each dock', () => {
    expect(broker.get('include_dir')).toBe('/etc/mosquitto/conf.d');
    expect(broker.all('connection')).toEqual([]);
  });

  it('allows a dock the topics of its connection', () => {
    const rules = aclRules();
    expect(rules.map(({ kind }) => kind)).toEqual(rules.map(() => 'pattern'));
    const filtersFor = (access: string): string[] =>
      rules
        .filter((rule) => rule.access === access)
        .map(({ filter }) => filter.replace('%u', SN))
        .toSorted();
    expect(filtersFor('write')).toEqual(topicsThat('out').toSorted());
    expect(filtersFor('read')).toEqual(topicsThat('in').toSorted());
    expect(rules).toHaveLength(dock.topics.length);
  });
});

describe('the files', () => {
  const PLACEHOLDER = /\b[A-Z]+_[A-Z]+\b/g;
  const placeholdersIn = (name: Parameters<typeof bridgeFile>[0]): Set<string> =>
    new Set(bridgeFile(name).match(PLACEHOLDER));

  it('have the placeholders of the instructions, and no others', () => {
    expect(placeholdersIn('mosquitto.conf')).toEqual(new Set(['SITE_ADDRESS']));
    expect(placeholdersIn('dock.conf')).toEqual(new Set(['DOCK_SN', 'DOCK_PASSWORD', 'MQTT_HOST']));
    expect(placeholdersIn('acl')).toEqual(new Set());
    const instructions = readFileSync(new URL('../../docs/bridge.md', import.meta.url), 'utf8');
    for (const name of ['mosquitto.conf', 'dock.conf'] as const)
      for (const placeholder of placeholdersIn(name)) expect(instructions).toContain(`'s/${placeholder}/`);
  });
});

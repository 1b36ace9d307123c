import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { aclRules, BridgeSettings, bridgeFile, dockSettings } from '../fixtures/bridge.ts';
import { type Json, synthesise } from './synthesise.ts';

const certificateArn = 'arn:aws:acm:eu-central-1:123456789012:certificate/6f1d';
const iotEndpoint = 'a1b2c3d4e5-ats.iot.eu-central-1.amazonaws.com';
const bridge = { domainName: 'bridge.example.com', certificateArn, iotEndpoint };

const template = synthesise({ bridge });
const withPlainPort = synthesise({ bridge: { ...bridge, plainPort: true } });

const [container] = template.only('AWS::ECS::TaskDefinition').Properties.ContainerDefinitions;
const environment: Record<string, Json> = Object.fromEntries(
  container.Environment.map(({ Name, Value }: Json) => [Name, Value]),
);

const folder = mkdtempSync(join(tmpdir(), 'media-library-bridge-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Makes the files as the container does, with its own script and variables, for what the secret holds. */
function render(docks: string) {
  const root = mkdtempSync(join(folder, 'container-'));
  const [shell, option, script] = container.Command;
  const { status, stderr } = spawnSync(shell, [option, script, 'sh', 'true'], {
    encoding: 'utf8',
    env: {
      ...environment,
      PATH: process.env['PATH'],
      AUTHORIZER: 'Docks-1,a@b=c',
      DOCKS: docks,
      MOSQUITTO_FOLDER: root,
    },
  });
  const read = (path: string) => readFileSync(join(root, 'config', path), 'utf8');
  return { status, stderr, read, docks: readdirSync(join(root, 'config', 'conf.d')).sort() };
}

describe('the hosted bridge', () => {
  it('is not there unless it is configured', () => {
    const types = synthesise().resources.map(({ Type }) => Type);
    expect(types.filter((type) => /^AWS::(?:EC2|ECS|ElasticLoadBalancingV2)::/.test(type))).toEqual([]);
  });

  it('runs Mosquitto once: two would throw off each other', () => {
    expect(template.only('AWS::ECS::Service').Properties).toMatchObject({
      DesiredCount: 1,
      DeploymentConfiguration: {
        MinimumHealthyPercent: 0,
        MaximumPercent: 100,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
    });
    expect(container.Image).toBe('public.ecr.aws/docker/library/eclipse-mosquitto:2.0.21-openssl');
    expect(
      synthesise({ bridge: { ...bridge, image: 'mirror/mosquitto:2' } }).text(
        synthesise({ bridge: { ...bridge, image: 'mirror/mosquitto:2' } }).only('AWS::ECS::TaskDefinition')
          .Properties.ContainerDefinitions[0].Image,
      ),
    ).toBe('mirror/mosquitto:2');
  });

  it('takes TLS with the certificate on 8883, and plain TCP on 1883 only if it is configured', () => {
    const listeners = (made: typeof template): Json[] =>
      made
        .ofType('AWS::ElasticLoadBalancingV2::Listener')
        .map(({ Properties: { Port, Protocol, Certificates } }) => [Port, Protocol, Certificates]);
    const tls = [8883, 'TLS', [{ CertificateArn: certificateArn }]];
    expect(listeners(template)).toEqual([tls]);
    expect(listeners(withPlainPort)).toEqual([tls, [1883, 'TCP', undefined]]);
  });

  it('lets devices reach the load balancer, and only it reach Mosquitto', () => {
    const groups = withPlainPort.ofType('AWS::EC2::SecurityGroup');
    const open = (made: typeof template): Json[] =>
      made
        .ofType('AWS::EC2::SecurityGroup')
        .flatMap(({ Properties }) => Properties.SecurityGroupIngress ?? [])
        .map(({ CidrIp, FromPort, ToPort }) => [CidrIp, FromPort, ToPort]);
    expect(groups).toHaveLength(2);
    expect(open(template)).toEqual([['0.0.0.0/0', 8883, 8883]]);
    expect(open(withPlainPort)).toEqual([
      ['0.0.0.0/0', 8883, 8883],
      ['0.0.0.0/0', 1883, 1883],
    ]);
    const ingress = template.only('AWS::EC2::SecurityGroupIngress').Properties;
    expect([ingress.FromPort, ingress.ToPort]).toEqual([1883, 1883]);
    expect(template.target(ingress.GroupId).Properties.GroupDescription).toBe('Mosquitto');
    expect(template.target(ingress.SourceSecurityGroupId).Properties.GroupDescription).toBe(
      'Devices of the bridge',
    );
  });

  it('lets Mosquitto reach HTTPS only', () => {
    const [{ SecurityGroupEgress }] = template
      .ofType('AWS::EC2::SecurityGroup')
      .filter(({ Properties }) => Properties.GroupDescription === 'Mosquitto')
      .map(({ Properties }) => Properties) as [Json];
    expect(SecurityGroupEgress).toEqual([
      expect.objectContaining({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443, IpProtocol: 'tcp' }),
    ]);
  });

  it('gives the container no permission, and whoever starts it only the image, the log and its secret', () => {
    const { TaskRoleArn, ExecutionRoleArn } = template.only('AWS::ECS::TaskDefinition').Properties;
    expect(template.statementsOf(template.target(TaskRoleArn))).toEqual([]);
    const allowed = template.statementsOf(template.target(ExecutionRoleArn));
    expect(allowed.map(({ Action }) => Action)).toEqual([
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
    ]);
    for (const { Resource } of allowed) expect(Resource).not.toBe('*');
  });

  it('has the passwords in a secret that CloudFormation does not overwrite', () => {
    const [{ ValueFrom }] = container.Secrets;
    const secret = template.target(ValueFrom);
    expect(secret).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: { SecretString: '# One dock a line: SERIAL PASSWORD\n' },
    });
    expect(template.json.Outputs.BridgeDocksSecretArn.Value).toEqual({ Ref: secret.id });
  });

  it('is where Pilot is told to connect, unless another address is configured', () => {
    expect(template.json.Outputs.MqttAddress.Value).toBe('ssl://bridge.example.com:8883');
    const custom = { endpoint: 'custom-domain', domainName: 'mqtt.example.com', certificateArn };
    expect(synthesise({ bridge, dock: custom }).json.Outputs.MqttAddress.Value).toBe(
      'ssl://bridge.example.com:8883',
    );
    expect(synthesise({ bridge, mqttAddress: 'ssl://other:1' }).json.Outputs.MqttAddress.Value).toBe(
      'ssl://other:1',
    );
  });

  it('names the authorizer of the stack', () => {
    expect(environment['AUTHORIZER']).toEqual({ Ref: template.only('AWS::IoT::Authorizer').id });
  });
});

describe("the container's files", () => {
  const secret = '# One dock a line: SERIAL PASSWORD\nDOCK1 pass-word_1\n\nDOCK2 secret2\n';

  it('have the tested settings of the bridge on site, but for what is different in a container', () => {
    const { read, status, stderr } = render(secret);
    expect([status, stderr]).toEqual([0, '']);
    const settings = (text: string): string[] =>
      text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const hosted = settings(read('mosquitto.conf'));
    const onSite = settings(bridgeFile('mosquitto.conf'));
    expect(hosted.filter((line) => !onSite.includes(line))).toEqual([
      'log_dest stdout',
      'listener 1883',
      'password_file /mosquitto/config/passwords',
      'acl_file /mosquitto/config/acl',
      'persistence_location /mosquitto/data/',
      'include_dir /mosquitto/config/conf.d',
    ]);
    expect(onSite.filter((line) => !hosted.includes(line)).map((line) => line.split(' ')[0])).toEqual([
      'pid_file',
      'log_dest',
      'listener',
      'password_file',
      'acl_file',
      'persistence_location',
      'include_dir',
    ]);
    expect(settings(read('acl'))).toEqual(aclRules().map((rule) => Object.values(rule).join(' ')));
  });

  it("connect each dock to the account's address, by ALPN and the authorizer's name", () => {
    const { read, docks } = render(secret);
    expect(docks).toEqual(['DOCK1.conf', 'DOCK2.conf']);
    const dock = new BridgeSettings(read('conf.d/DOCK1.conf'));
    expect(dock.get('address')).toBe(`${iotEndpoint}:443`);
    expect(dock.get('bridge_alpn')).toBe('mqtt');
    expect(dock.get('remote_username')).toBe('DOCK1?x-amz-customauthorizer-name=Docks-1,a@b=c');
    expect(dock.get('remote_password')).toBe('pass-word_1');
    expect(dock.get('remote_clientid')).toBe('DOCK1');
    const onSite = dockSettings({ sn: 'DOCK1', password: 'pass-word_1' });
    expect(dock.topics).toEqual(onSite.topics);
    for (const name of ['cleansession', 'try_private', 'notifications', 'bridge_outgoing_retain'])
      expect(dock.get(name)).toBe(onSite.get(name));
  });

  it('let docks in with the password that they have for the library', () => {
    expect(render(secret).read('passwords')).toBe('DOCK1:pass-word_1\nDOCK2:secret2\n');
  });

  it('are complete without a dock', () => {
    const { docks, read, status } = render('# nobody yet\n');
    expect([status, docks, read('passwords')]).toEqual([0, [], '']);
  });

  it.each([
    ['a line without a password', 'DOCK3', 'after the serial number comes the password, and nothing else'],
    [
      'a line with more',
      'DOCK3 secret DOCK4',
      'after the serial number comes the password, and nothing else',
    ],
    ['a serial number that is none', '../DOCK3 secret', 'its serial number is not of letters and digits'],
    [
      'a password with the signs of sed',
      'DOCK3 a/e;s',
      'after the serial number comes the password, and nothing else',
    ],
  ])(
    'leave out %s, with a line in the log that has no password, and keep the others',
    (_title, line, why) => {
      const { docks, stderr, status } = render(`DOCK1 one\n${line}\nDOCK2 two`);
      expect([status, docks]).toEqual([0, ['DOCK1.conf', 'DOCK2.conf']]);
      expect(stderr).toBe(`Dock 2 in the secret is left out: ${why}\n`);
    },
  );

  it('run no command that stands in the secret', () => {
    const { docks, stderr } = render('DOCK1 $(id)\n`id` x\nDOCK2 $HOME\nDOCK3 three\n');
    expect(docks).toEqual(['DOCK3.conf']);
    expect(stderr.split('\n').filter((line) => line.includes('is left out'))).toHaveLength(3);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArgumentError } from '../../devices/common/arguments.ts';
import { parseDockArguments } from '../../devices/dock/arguments.ts';
import { clientOptions } from '../../devices/dock/connection.ts';
import { type DockTargetRequest, resolveDockTarget } from '../../devices/dock/target.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dock-arguments-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const parse = (...options: string[]) => parseDockArguments(['--from', directory, ...options]);

describe('the command line of a dock', () => {
  it('needs only a folder', () => {
    expect(parse()).toEqual({ from: directory, concurrency: 4, json: false, dataDirectory: '.local' });
  });

  it('accepts all options', () => {
    const options = parse(
      ...['--flight', 'F-1', '--mqtt', 'mqtts://mqtt.example.com:8883', '--sn', '4TADKAQ000002J'],
      ...['--username', 'u?x-amz-customauthorizer-name=a', '--password', 'p', '--drone', '1581F5BMD'],
      ...['--concurrency', '2', '--json', '--data', '/data'],
    );
    expect(options).toEqual({
      from: directory,
      flightId: 'F-1',
      mqtt: 'mqtts://mqtt.example.com:8883',
      sn: '4TADKAQ000002J',
      username: 'u?x-amz-customauthorizer-name=a',
      password: 'p',
      droneSn: '1581F5BMD',
      concurrency: 2,
      json: true,
      dataDirectory: '/data',
    });
  });

  it('prints its help before it checks anything', () => {
    expect(parseDockArguments(['--help', '--from', '/nowhere'])).toBe('help');
  });

  it.each([
    [['--concurrency', '0'], '--concurrency takes a whole number from 1 to 32, not "0"'],
    [['--mqtt', 'https://example.com'], '--mqtt takes an address such as mqtts://'],
    [['--mqtt', 'example.com'], '--mqtt takes an address such as mqtts://'],
    [['--mqtt', 'mqtts://me:secret@example.com'], '--mqtt takes an address without user and password'],
    [['--sn', 'a/b'], '--sn takes a serial number'],
    [['--sn', '+'], '--sn takes a serial number'],
    [['--drone', ''], '--drone takes a serial number'],
    [['--flight', '../x'], '--flight takes'],
    [['--flight', ''], '--flight takes'],
    [['--speed', '3'], "Unknown option '--speed'"],
    [['more'], 'Unexpected argument'],
  ])('refuses %j and says what is allowed', (options, message) => {
    expect(() => parse(...options)).toThrow(ArgumentError);
    expect(() => parse(...options)).toThrow(message);
  });

  it('refuses a missing folder', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(() => parseDockArguments([])).toThrow('--from DIR is missing');
    expect(() => parseDockArguments(['--from', join(directory, 'none')])).toThrow('there is no folder');
    expect(() => parseDockArguments(['--from', join(directory, 'file')])).toThrow('is a file');
  });
});

describe('the dock', () => {
  const DOCKS = [
    { sn: 'DOCK1', username: 'DOCK1', password: 'one', workspace_id: 'w1' },
    { sn: 'DOCK2', username: 'DOCK2', password: 'two', workspace_id: 'w2' },
  ];
  const LOCAL = { mqtt: 'mqtt://127.0.0.1:9705', mqtt_ws: 'ws://127.0.0.1:9706/mqtt', docks: DOCKS };

  const withLocalStack = (endpoints: object = LOCAL) =>
    writeFileSync(join(directory, 'endpoints.json'), JSON.stringify(endpoints));

  const resolve = (request: Partial<DockTargetRequest> = {}) =>
    resolveDockTarget({ dataDirectory: directory, environment: {}, askPassword: undefined, ...request });

  it('is the first of the local stack by default', async () => {
    withLocalStack();
    await expect(resolve()).resolves.toEqual({
      mqtt: LOCAL.mqtt,
      sn: 'DOCK1',
      username: 'DOCK1',
      password: 'one',
      workspaceId: 'w1',
    });
  });

  it('is the named one, also over WebSocket', async () => {
    withLocalStack();
    await expect(resolve({ sn: 'DOCK2' })).resolves.toMatchObject({ sn: 'DOCK2', password: 'two' });
    await expect(resolve({ sn: 'DOCK2', mqtt: LOCAL.mqtt_ws })).resolves.toMatchObject({ password: 'two' });
  });

  it('does not send a local password to another broker', async () => {
    withLocalStack();
    const request = { mqtt: 'mqtts://mqtt.example.com:8883', sn: 'DOCK1' };
    await expect(resolve(request)).rejects.toThrow(
      'No password for DOCK1: set DJI_MEDIA_LIBRARY_DOCK_PASSWORD',
    );
    await expect(resolve({ ...request, password: 'given' })).resolves.toEqual({
      ...request,
      username: 'DOCK1',
      password: 'given',
    });
  });

  it('has its password from the environment, or from the terminal', async () => {
    const request = { mqtt: 'mqtts://mqtt.example.com', sn: 'DOCK9' };
    const environment = { DJI_MEDIA_LIBRARY_DOCK_PASSWORD: 'from-environment' };
    await expect(resolve({ ...request, environment })).resolves.toMatchObject({
      password: 'from-environment',
    });
    const askPassword = async (username: string) => `typed by ${username}`;
    await expect(resolve({ ...request, username: 'me', askPassword })).resolves.toMatchObject({
      username: 'me',
      password: 'typed by me',
    });
  });

  it('must be named when there is no default', async () => {
    await expect(resolve()).rejects.toThrow(
      'start the local stack with "npm start", or give the address with --mqtt',
    );
    await expect(resolve({ mqtt: 'mqtts://mqtt.example.com' })).rejects.toThrow('--sn is missing');
    withLocalStack({ api: 'http://127.0.0.1:9700' });
    await expect(resolve()).rejects.toThrow('names no MQTT address');
  });
});

describe('the connection of a dock', () => {
  const optionsFor = (mqtt: string) =>
    clientOptions({
      mqtt,
      sn: 'DOCK1',
      username: 'user',
      password: 'secret',
      onMessage: () => {},
      onNews: () => {},
      onLost: () => {},
    });

  it('uses MQTT 3.1.1, the serial number, and a persistent session', () => {
    expect(optionsFor('mqtt://127.0.0.1:9705').options).toMatchObject({
      clientId: 'DOCK1',
      username: 'user',
      password: 'secret',
      protocolVersion: 4,
      clean: false,
    });
  });

  it('uses ALPN for AWS IoT Core with a password', () => {
    expect(optionsFor('mqtts://mqtt.example.com:8883').options.ALPNProtocols).toEqual(['mqtt']);
    expect(optionsFor('mqtt://127.0.0.1:9705').options).not.toHaveProperty('ALPNProtocols');
  });

  it('has the default path of brokers for WebSocket', () => {
    expect(optionsFor('wss://mqtt.example.com').url).toBe('wss://mqtt.example.com/mqtt');
    expect(optionsFor('ws://127.0.0.1:9706/other').url).toBe('ws://127.0.0.1:9706/other');
    expect(optionsFor('mqtts://mqtt.example.com:8883').url).toBe('mqtts://mqtt.example.com:8883');
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Node } from 'constructs';
import { describe, expect, it } from 'vitest';
import { configurationOf, parseConfiguration } from '../../lib/configuration.ts';
import { MediaLibraryApp } from '../../lib/media-library-app.ts';

const DEFAULTS = {
  stackName: 'MediaLibrary',
  apiDomain: {},
  workspacesClaim: 'cognito:groups',
  tokens: { accessInHours: 24, sessionInDays: 365 },
  consoleOrigins: [],
  lifecycle: {},
  logRetentionInDays: 30,
  logLevel: 'INFO',
  auditTrail: { events: 'none', retentionInDays: 365 },
  throttling: { rateLimit: 500, burstLimit: 1000 },
  reservedConcurrency: {},
  dock: { mode: 'full', endpoint: 'managed-domain' },
  bridge: {
    plainPort: false,
    image: 'public.ecr.aws/docker/library/eclipse-mosquitto:2.0.21-openssl',
  },
  mqttAddress: '',
};

const CERTIFICATE = 'arn:aws:acm:eu-central-1:123456789012:certificate/6f1d-77aa';
const CUSTOM_DOMAIN = {
  endpoint: 'custom-domain',
  domainName: 'mqtt.example.com',
  certificateArn: CERTIFICATE,
};

const EVERYTHING = {
  stackName: 'MediaLibrary-staging',
  apiDomain: { domainName: 'api.example.com', certificateArn: CERTIFICATE },
  oidcIssuer: 'https://login.example.com/',
  oidcAudience: ['pilot'],
  workspacesClaim: 'workspaces',
  tokens: { accessInHours: 1, sessionInDays: 30 },
  consoleOrigins: ['https://console.example.com', 'http://localhost:5173'],
  lifecycle: {
    infrequentAccessAfterInDays: 30,
    glacierInstantRetrievalAfterInDays: 60,
    expireAfterInDays: 61,
  },
  logRetentionInDays: 3653,
  logLevel: 'DEBUG',
  auditTrail: { events: 'all', retentionInDays: 730 },
  throttling: { rateLimit: 0.5, burstLimit: 1 },
  reservedConcurrency: { authorizer: 50, unknownRoute: 1 },
  dock: { mode: 'media-only', ...CUSTOM_DOMAIN, validationCertificateArn: CERTIFICATE },
  bridge: {
    domainName: 'bridge.example.com',
    certificateArn: CERTIFICATE,
    iotEndpoint: 'a1b2c3d4e5-ats.iot.eu-central-1.amazonaws.com',
    plainPort: true,
    image: 'registry.example.com/mosquitto:2.0.21',
  },
  mqttAddress: 'ssl://mqtt.example.com:8883',
  alarmEmail: 'ops@example.com',
  monthlyBudgetInUsd: 50,
};

const LOG_RETENTION =
  'one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653';

/** A mistake for each key, and the sentence that it is told in. */
const MISTAKES: [object, string][] = [
  [
    { stackName: 'media_library' },
    'media-library.stackName must be a name of letters, digits and hyphens, at most 64, with a letter first, and is "media_library".',
  ],
  [
    { apiDomain: { domainName: 'api.example.com' } },
    'media-library.apiDomain.certificateArn must be the ARN of a certificate in ACM, and is missing.',
  ],
  [
    { oidcIssuer: 'http://login.example.com', oidcAudience: ['pilot'] },
    'media-library.oidcIssuer must be the address of an OIDC issuer, starting with https://, and is "http://login.example.com".',
  ],
  [
    { oidcIssuer: 'https://login.example.com', oidcAudience: [] },
    'media-library.oidcAudience must be a list of texts, at least one, and is [].',
  ],
  [
    { oidcIssuer: 'https://login.example.com', oidcAudience: ['pilot', ''] },
    'media-library.oidcAudience.1 must be a text that is not empty, and is "".',
  ],
  [
    { oidcIssuer: 'https://login.example.com' },
    'media-library.oidcAudience must be a list of texts, at least one, when oidcIssuer is set, and is missing.',
  ],
  [
    { oidcAudience: ['pilot'] },
    'media-library.oidcAudience must be set together with oidcIssuer, or not at all.',
  ],
  [{ workspacesClaim: '' }, 'media-library.workspacesClaim must be a text that is not empty, and is "".'],
  ...[0, 25, 1.5, '24'].map((accessInHours): [object, string] => [
    { tokens: { accessInHours } },
    `media-library.tokens.accessInHours must be a whole number of hours, from 1 to 24, and is ${JSON.stringify(accessInHours)}.`,
  ]),
  ...[0, 3651].map((sessionInDays): [object, string] => [
    { tokens: { sessionInDays } },
    `media-library.tokens.sessionInDays must be a whole number of days, from 1 to 3650, and is ${sessionInDays}.`,
  ]),
  [
    { consoleOrigins: '*' },
    'media-library.consoleOrigins must be a list of origins, such as ["https://console.example.com"], and is "*".',
  ],
  [
    { consoleOrigins: ['https://console.example.com/app'] },
    'media-library.consoleOrigins.0 must be an origin, scheme and host without a path, such as https://console.example.com, and is "https://console.example.com/app".',
  ],
  [
    { consoleOrigins: ['*'] },
    'media-library.consoleOrigins.0 must be an origin, scheme and host without a path, such as https://console.example.com, and is "*".',
  ],
  [{ lifecycle: [] }, 'media-library.lifecycle must be an object, and is [].'],
  [
    { lifecycle: { infrequentAccessAfterInDays: 29 } },
    'media-library.lifecycle.infrequentAccessAfterInDays must be a whole number of days, at least 30, and is 29.',
  ],
  [
    { lifecycle: { glacierInstantRetrievalAfterInDays: '90' } },
    'media-library.lifecycle.glacierInstantRetrievalAfterInDays must be a whole number of days, at least 1, and is "90".',
  ],
  [
    { lifecycle: { infrequentAccessAfterInDays: 40, glacierInstantRetrievalAfterInDays: 69 } },
    'media-library.lifecycle.glacierInstantRetrievalAfterInDays must be at least 70, 30 days after infrequentAccessAfterInDays, and is 69.',
  ],
  [
    { lifecycle: { expireAfterInDays: 0 } },
    'media-library.lifecycle.expireAfterInDays must be a whole number of days, at least 1, and is 0.',
  ],
  [
    { lifecycle: { infrequentAccessAfterInDays: 30, expireAfterInDays: 30 } },
    'media-library.lifecycle.expireAfterInDays must be greater than 30, when files move to their last storage class, and is 30.',
  ],
  [
    { lifecycle: { deleteNoncurrentAfterDays: 1 } },
    'media-library.lifecycle.deleteNoncurrentAfterDays is not a key. The keys are infrequentAccessAfterInDays, ' +
      'glacierInstantRetrievalAfterInDays, expireAfterInDays.',
  ],
  [{ logLevel: 'debug' }, 'media-library.logLevel must be one of DEBUG, INFO, WARN, ERROR, and is "debug".'],
  [{ logRetentionInDays: 31 }, `media-library.logRetentionInDays must be ${LOG_RETENTION}, and is 31.`],
  [
    { auditTrail: { events: 'reads' } },
    'media-library.auditTrail.events must be one of none, writes, all, and is "reads".',
  ],
  [
    { auditTrail: { retentionInDays: 0 } },
    'media-library.auditTrail.retentionInDays must be a whole number of days, at least 1, and is 0.',
  ],
  [
    { alarmEmail: 'ops@example.com', monthlyBudgetInUsd: 0 },
    'media-library.monthlyBudgetInUsd must be a number of US dollars, greater than 0, and is 0.',
  ],
  [
    { monthlyBudgetInUsd: 50 },
    'media-library.alarmEmail must be an email address, when monthlyBudgetInUsd is set, and is missing.',
  ],
  [
    { bridge: { iotEndpoint: 'https://a1b2c3d4e5-ats.iot.eu-central-1.amazonaws.com' } },
    'media-library.bridge.iotEndpoint must be an address of AWS IoT, such as a1b2c3d4e5-ats.iot.eu-central-1.amazonaws.com, and is "https://a1b2c3d4e5-ats.iot.eu-central-1.amazonaws.com".',
  ],
  [{ bridge: { plainPort: 1883 } }, 'media-library.bridge.plainPort must be true or false, and is 1883.'],
  [
    { bridge: { plainPort: true } },
    'media-library.bridge.plainPort must be set together with the rest of bridge.',
  ],
  [
    { bridge: { domainName: 'bridge.example.com', certificateArn: CERTIFICATE } },
    'media-library.bridge.iotEndpoint must be an address of AWS IoT, such as a1b2c3d4e5-ats.iot.eu-central-1.amazonaws.com, and is missing.',
  ],
  [
    {
      dock: { endpoint: 'none' },
      bridge: {
        domainName: 'bridge.example.com',
        certificateArn: CERTIFICATE,
        iotEndpoint: 'a1b2c3d4e5-ats.iot.eu-central-1.amazonaws.com',
      },
    },
    'media-library.bridge must not be set when dock.endpoint is "none".',
  ],
  [{ throttling: null }, 'media-library.throttling must be an object, and is null.'],
  [
    { throttling: { rateLimit: 0 } },
    'media-library.throttling.rateLimit must be a number of requests a second, greater than 0, and is 0.',
  ],
  [
    { throttling: { burstLimit: 0.5 } },
    'media-library.throttling.burstLimit must be a whole number of requests, at least 1, and is 0.5.',
  ],
  [
    { reservedConcurrency: { login: 0 } },
    'media-library.reservedConcurrency.login must be a whole number from 1 to 10000, and is 0.',
  ],
  [
    { reservedConcurrency: { sts: 1 } },
    'media-library.reservedConcurrency.sts is not a key. The keys are authorizer, login, tokenRefresh, unknownRoute.',
  ],
  [
    { reservedConcurrency: { authorizer: 1 }, dock: { endpoint: 'none' } },
    'media-library.reservedConcurrency.authorizer must not be set when dock.endpoint is "none".',
  ],
  [
    {
      reservedConcurrency: { login: 1, tokenRefresh: 1, unknownRoute: 1 },
      oidcIssuer: 'https://login.example.com',
      oidcAudience: ['media'],
    },
    'media-library.reservedConcurrency.login must not be set when oidcIssuer is set.\n' +
      'media-library.reservedConcurrency.tokenRefresh must not be set when oidcIssuer is set.',
  ],
  [{ dock: { mode: 'media' } }, 'media-library.dock.mode must be one of full, media-only, and is "media".'],
  [
    { dock: { endpoint: 'none', mode: 'media-only' } },
    'media-library.dock.mode must not be "media-only" when dock.endpoint is "none".',
  ],
  [
    { dock: { endpoint: 'custom' } },
    'media-library.dock.endpoint must be one of managed-domain, custom-domain, account-default, none, and is "custom".',
  ],
  [
    { dock: { ...CUSTOM_DOMAIN, domainName: 'https://mqtt.example.com' } },
    'media-library.dock.domainName must be a domain name in lower case, such as mqtt.example.com, and is "https://mqtt.example.com".',
  ],
  [
    { dock: { ...CUSTOM_DOMAIN, certificateArn: 'mqtt.example.com' } },
    'media-library.dock.certificateArn must be the ARN of a certificate in ACM, and is "mqtt.example.com".',
  ],
  [
    { dock: { endpoint: 'custom-domain' } },
    'media-library.dock.domainName must be a domain name in lower case, such as mqtt.example.com, when dock.endpoint is "custom-domain", and is missing.\n' +
      'media-library.dock.certificateArn must be the ARN of a certificate in ACM, when dock.endpoint is "custom-domain", and is missing.',
  ],
  [
    { dock: { domainName: 'mqtt.example.com' } },
    'media-library.dock.domainName must be set when dock.endpoint is "custom-domain", or not at all.',
  ],
  [
    {
      dock: {
        endpoint: 'account-default',
        certificateArn: CERTIFICATE,
        validationCertificateArn: CERTIFICATE,
      },
    },
    'media-library.dock.certificateArn must be set when dock.endpoint is "custom-domain", or not at all.\n' +
      'media-library.dock.validationCertificateArn must be set when dock.endpoint is "custom-domain", or not at all.',
  ],
  [{ mqttAddress: 1883 }, 'media-library.mqttAddress must be a text, and is 1883.'],
  [{ alarmEmail: 'ops' }, 'media-library.alarmEmail must be an email address, and is "ops".'],
];

describe('the configuration', () => {
  it('may be empty', () => {
    expect(parseConfiguration({})).toEqual(DEFAULTS);
  });

  it('may set every key', () => {
    expect(parseConfiguration(EVERYTHING)).toEqual(EVERYTHING);
  });

  it.each(MISTAKES)('%j is refused with the key and the allowed values', (configuration, sentence) => {
    expect(() => parseConfiguration(configuration)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', message: sentence }),
    );
  });

  it('refuses an unknown key, and names the known ones', () => {
    expect(() => parseConfiguration({ logRetention: 30 })).toThrow(
      'media-library.logRetention is not a key. The keys are stackName, apiDomain, oidcIssuer, oidcAudience, workspacesClaim, tokens, consoleOrigins, lifecycle, logRetentionInDays, logLevel, auditTrail, throttling, reservedConcurrency, dock, bridge, mqttAddress, alarmEmail, monthlyBudgetInUsd.',
    );
    expect(() => parseConfiguration({ throttling: { rate: 1 } })).toThrow(
      'media-library.throttling.rate is not a key. The keys are rateLimit, burstLimit.',
    );
    expect(() => parseConfiguration({ dock: { domain: 'mqtt.example.com' } })).toThrow(
      'media-library.dock.domain is not a key. The keys are mode, endpoint, domainName, certificateArn, validationCertificateArn.',
    );
  });

  it('reports all mistakes at once', () => {
    expect(() => parseConfiguration({ mqttAddress: 1, alarmEmail: 'ops' })).toThrow(
      'media-library.mqttAddress must be a text, and is 1.\nmedia-library.alarmEmail must be an email address, and is "ops".',
    );
  });
});

describe('the context', () => {
  const nodeWith = (context: Record<string, unknown>): Node => new MediaLibraryApp({ context }).node;

  it('may have no configuration', () => {
    expect(configurationOf(nodeWith({}))).toEqual(DEFAULTS);
  });

  it('may have the configuration of cdk.json', () => {
    expect(configurationOf(nodeWith({ 'media-library': EVERYTHING }))).toEqual(EVERYTHING);
  });

  it('may have JSON from the command line', () => {
    expect(configurationOf(nodeWith({ 'media-library': JSON.stringify(EVERYTHING) }))).toEqual(EVERYTHING);
  });

  it.each([
    ['{"mqttAddress": ', 'media-library must be a JSON object, and is "{\\"mqttAddress\\": ".'],
    ['"mqtt"', 'media-library must be an object, and is "mqtt".'],
    ['[]', 'media-library must be an object, and is [].'],
  ])('may not have %s', (typed, sentence) => {
    expect(() => configurationOf(nodeWith({ 'media-library': typed }))).toThrow(sentence);
  });
});

describe('the table in README.md', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const [, table = ''] = /^\| key \| default \|.*\n.*\n((?:\|.*\n)+)/m.exec(readme) ?? [];
  const rows = table.trimEnd().split('\n');
  const namesIn = (text: string): string[] => [...text.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);

  /** What a refusal lists of the keys beside a wrong one. */
  const keysBeside = (wrong: object): string[] => {
    try {
      parseConfiguration(wrong);
    } catch (error) {
      const [, keys = ''] = /The keys are ([\w, ]+)\./.exec((error as Error).message) ?? [];
      return keys.split(', ');
    }
    return [];
  };

  it('has every key, and no other', () => {
    const inFirstColumn = rows.flatMap((row) => namesIn(row.split(' | ')[0] ?? ''));
    expect(inFirstColumn.sort()).toEqual(keysBeside({ wrong: 1 }).sort());
  });

  it.each(['apiDomain', 'bridge', 'tokens', 'auditTrail', 'lifecycle', 'throttling', 'dock'])(
    'has every key of %s',
    (parent) => {
      const row = rows.find((candidate) => candidate.startsWith(`| \`${parent}\` |`)) ?? '';
      expect(namesIn(row)).toEqual(expect.arrayContaining(keysBeside({ [parent]: { wrong: 1 } })));
    },
  );
});

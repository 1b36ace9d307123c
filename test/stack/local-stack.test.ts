import { describe, expect, it } from 'vitest';
import { interpretTemplate } from '../../packages/local-aws/template/interpreter.ts';
import { RESOURCE_TYPES } from '../../packages/local-aws/template/resources/index.ts';
import { synthesise } from './synthesise.ts';

const certificateArn = 'arn:aws:acm:eu-central-1:123456789012:certificate/6f1d';

const CONFIGURATIONS: [string, object][] = [
  ['nothing configured', {}],
  ['another name', { stackName: 'Staging' }],
  ['a domain for the API', { apiDomain: { domainName: 'api.example.com', certificateArn } }],
  [
    'a domain for docks',
    { dock: { endpoint: 'custom-domain', domainName: 'mqtt.example.com', certificateArn } },
  ],
  ["the account's address for docks", { dock: { endpoint: 'account-default' } }],
  ['an audit trail', { auditTrail: { events: 'all' } }],
  ['a budget', { alarmEmail: 'ops@example.com', monthlyBudgetInUsd: 50 }],
  [
    'a bridge',
    {
      bridge: {
        domainName: 'bridge.example.com',
        certificateArn,
        iotEndpoint: 'a1b2c3d4e5-ats.iot.eu-central-1.amazonaws.com',
        plainPort: true,
      },
    },
  ],
  ['no docks', { dock: { endpoint: 'none' } }],
];

describe('the local stack', () => {
  it.each(CONFIGURATIONS)('knows every resource of the template with %s', (_title, configuration) => {
    const environment = {
      region: 'eu-central-1',
      accountId: '123456789012',
      partition: 'aws',
      urlSuffix: 'amazonaws.com',
      stackName: 'MediaLibrary',
    };
    const { outputs } = interpretTemplate(synthesise(configuration).json, {
      environment,
      types: RESOURCE_TYPES,
    });
    expect(outputs).toMatchObject({ MediaTableName: expect.any(String) });
  });
});

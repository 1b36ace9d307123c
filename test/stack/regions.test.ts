import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../lib/configuration.ts';
import { checkRegion, REGIONS, type RegionalService } from '../../lib/regions.ts';

const OWN_ISSUER = { oidcIssuer: 'https://login.example.com', oidcAudience: ['pilot'] };
const refusal = (region: string, configuration: object): string | undefined => {
  try {
    checkRegion(region, parseConfiguration(configuration));
    return undefined;
  } catch (error) {
    expect((error as Error).name).toBe('ConfigurationError');
    return (error as Error).message;
  }
};

describe('a region', () => {
  it.each(Object.entries(REGIONS).filter(([, lacks]) => lacks.every((service) => service === 'budgets')))(
    '%s accepts the default configuration',
    (region) => {
      expect(refusal(region, {})).toBeUndefined();
    },
  );

  it('without AWS IoT accepts a library without docks', () => {
    expect(refusal('ca-west-1', {})).toBe(
      'ca-west-1 has no AWS IoT Core. Set media-library.dock.endpoint to "none" for a library without docks, or deploy to another region.',
    );
    expect(refusal('ca-west-1', { dock: { endpoint: 'account-default' } })).toContain('AWS IoT Core');
    expect(refusal('ca-west-1', { dock: { endpoint: 'none' } })).toBeUndefined();
  });

  it("without domain configurations accepts the account's own address", () => {
    expect(refusal('us-gov-west-1', {})).toBe(
      'us-gov-west-1 has no domain configurations of AWS IoT Core. Set media-library.dock.endpoint to "account-default", or to "none" for a library without docks.',
    );
    expect(refusal('us-gov-west-1', { dock: { endpoint: 'account-default' } })).toBeUndefined();
  });

  it('without Cognito needs an OIDC issuer', () => {
    expect(refusal('cn-north-1', {})).toBe(
      'cn-north-1 has no user pools of Cognito. Set media-library.oidcIssuer and media-library.oidcAudience: users sign in with your own issuer.',
    );
    expect(refusal('cn-north-1', OWN_ISSUER)).toBeUndefined();
  });

  it('without several services is refused for all of them', () => {
    expect(refusal('ap-east-2', {})?.split('\n')).toEqual([
      expect.stringContaining('HTTP APIs'),
      expect.stringContaining('AWS IoT Core'),
    ]);
    expect(refusal('ap-east-2', { dock: { endpoint: 'none' } })).toBe(
      'ap-east-2 has no HTTP APIs of API Gateway. Deploy to another region.',
    );
  });

  it('without budgets takes the library without a budget', () => {
    expect(refusal('eu-north-1', { alarmEmail: 'ops@example.com', monthlyBudgetInUsd: 50 })).toBe(
      'eu-north-1 has no budgets in CloudFormation. Leave out media-library.monthlyBudgetInUsd, and make the budget in the console: it is for the whole account.',
    );
  });

  it('that is not in the list is accepted', () => {
    expect(refusal('xx-north-1', {})).toBeUndefined();
  });
});

describe('the table of regions in docs/operations.md', () => {
  const operations = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
  const section = /^## Regions\n([\s\S]*?)^## /m.exec(operations)?.[1] ?? '';

  /** The regions in the row that starts with these words. */
  const told = (title: string): string[] => {
    const row = section.split('\n').find((line) => line.startsWith(`| ${title} |`)) ?? '';
    return [...row.matchAll(/`([a-z]{2}(?:-[a-z]+)+-\d)`/g)].map(([, region = '']) => region).sort();
  };
  const lacking = (service: RegionalService): string[] =>
    Object.keys(REGIONS)
      .filter((region) => REGIONS[region]?.includes(service))
      .sort();

  it('has every region without a service, and no other', () => {
    expect(told('HTTP APIs')).toEqual(lacking('http-apis'));
    expect(told('Cognito user pools')).toEqual(lacking('user-pools'));
    expect(told('AWS IoT Core')).toEqual(lacking('iot'));
    expect(told('AWS IoT domain configurations')).toEqual(lacking('iot-domains'));
    expect(told('budgets')).toEqual(lacking('budgets'));
    expect(told('nothing')).toEqual(
      Object.keys(REGIONS)
        .filter((region) => REGIONS[region]?.length === 0)
        .sort(),
    );
  });
});

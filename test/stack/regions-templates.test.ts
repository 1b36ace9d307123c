/**
 * The template in every region, by two tools that know which resource types a region has: the validator that
 * comes with CDK, and cfn-lint where it is installed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../lib/configuration.ts';
import { checkRegion, REGIONS } from '../../lib/regions.ts';
import { synthesise } from './synthesise.ts';

const OWN_ISSUER = { oidcIssuer: 'https://login.example.com', oidcAudience: ['pilot'] };

const certificateArn = 'arn:aws:acm:eu-central-1:123456789012:certificate/6f1d';

/**
 * From the most that a region can have to the least. A region gets the first that it has the services for.
 */
const CONFIGURATIONS = {
  'with every option': {
    apiDomain: { domainName: 'api.example.com', certificateArn },
    dock: { endpoint: 'custom-domain', domainName: 'mqtt.example.com', certificateArn },
    consoleOrigins: ['https://console.example.com'],
    lifecycle: {
      infrequentAccessAfterInDays: 30,
      glacierInstantRetrievalAfterInDays: 90,
      expireAfterInDays: 400,
    },
    auditTrail: { events: 'all' },
    bridge: {
      domainName: 'bridge.example.com',
      certificateArn,
      iotEndpoint: 'a1b2c3d4e5-ats.iot.eu-central-1.amazonaws.com',
      plainPort: true,
    },
    alarmEmail: 'ops@example.com',
    monthlyBudgetInUsd: 50,
  },
  'as it is': {},
  "with docks at the account's address": { dock: { endpoint: 'account-default' } },
  'with an OIDC issuer': OWN_ISSUER,
  'without docks': { dock: { endpoint: 'none' } },
  'without docks, with an OIDC issuer': { dock: { endpoint: 'none' }, ...OWN_ISSUER },
};
type Name = keyof typeof CONFIGURATIONS;

const isFor = (region: string, name: Name): boolean => {
  try {
    checkRegion(region, parseConfiguration(CONFIGURATIONS[name]));
    return true;
  } catch {
    return false;
  }
};

const NAMES = Object.keys(CONFIGURATIONS) as Name[];
/** The regions that the library can be deployed to, by their configuration. */
const DEPLOYMENTS = Object.groupBy(
  Object.keys(REGIONS).flatMap((region) => {
    const name = NAMES.find((candidate) => isFor(region, candidate));
    return name ? [{ region, name }] : [];
  }),
  ({ name }) => name,
);
const ROWS = NAMES.flatMap((name) => {
  const regions = DEPLOYMENTS[name]?.map(({ region }) => region) ?? [];
  return regions.length > 0 ? [{ name, regions }] : [];
});

const templates = new Map<Name, string>();
const templateOf = (name: Name): string => {
  const known = templates.get(name) ?? JSON.stringify(synthesise(CONFIGURATIONS[name]).json);
  templates.set(name, known);
  return known;
};

/** What this test uses of `@aws/cloudformation-validate`, which is inside `aws-cdk-lib`. */
interface CloudFormationValidate {
  readonly SchemaValidator: new () => {
    validate(
      template: object,
      region: string,
    ): { readonly severity: string; readonly ruleId: string; readonly message: string }[];
    free(): void;
  };
  readonly TemplateContent: new (text: string) => object;
}

describe("CDK's own validator", { timeout: 300_000 }, () => {
  const ofCdk = createRequire(createRequire(import.meta.url).resolve('aws-cdk-lib'));
  const { SchemaValidator, TemplateContent } = ofCdk(
    '@aws/cloudformation-validate',
  ) as CloudFormationValidate;
  const validator = new SchemaValidator();
  afterAll(() => validator.free());

  const errorsOf = (name: Name, region: string): string[] =>
    validator
      .validate(new TemplateContent(templateOf(name)), region)
      .filter(({ severity }) => severity === 'FATAL' || severity === 'ERROR')
      .map(({ ruleId, message }) => `${ruleId} ${message}`);

  it.each(ROWS)('finds no error in the template $name, in any of its regions', ({ name, regions }) => {
    expect(regions.flatMap((region) => errorsOf(name, region))).toEqual([]);
  });

  it('finds missing what the list of regions says, so that no region is refused for nothing', () => {
    const missing = Object.keys(REGIONS).flatMap((region) => {
      const errors = errorsOf('as it is', region).join();
      return [
        ...(errors.includes('AWS::IoT::DomainConfiguration') ? [`${region} iot`] : []),
        ...(errors.includes('AWS::Cognito::UserPool') ? [`${region} user-pools`] : []),
      ];
    });
    expect(missing).toEqual(
      Object.entries(REGIONS).flatMap(([region, lacks]) =>
        lacks
          .filter((service) => service === 'iot' || service === 'user-pools')
          .map((service) => `${region} ${service}`),
      ),
    );
  });
});

const installed = spawnSync('cfn-lint', ['--version'], { encoding: 'utf8' });
if (installed.status !== 0)
  console.warn(
    'SKIPPED: cfn-lint is not installed, so the templates were not checked with it. "pipx install cfn-lint" installs it.',
  );

describe.skipIf(installed.status !== 0)('cfn-lint', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'media-library-cfn-lint-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Errors, for regions together: cfn-lint takes seconds to start. */
  const errorsOf = (name: Name, regions: string[]): string[] => {
    const file = join(folder, 'template.json');
    writeFileSync(file, templateOf(name));
    const { stdout, stderr } = spawnSync(
      'cfn-lint',
      ['--format', 'json', '--ignore-checks', 'W', 'I', '--regions', ...regions, '--template', file],
      { encoding: 'utf8', maxBuffer: 100_000_000 },
    );
    expect(stderr).toBe('');
    return (JSON.parse(stdout || '[]') as { Rule: { Id: string }; Message: string }[]).map(
      ({ Rule, Message }) => `${Rule.Id} ${Message}`,
    );
  };

  it.each(ROWS)('finds no error in the template $name, in any of its regions', ({ name, regions }) => {
    expect(errorsOf(name, regions)).toEqual([]);
  });

  it('finds what a region lacks, so an empty list of errors means something', () => {
    expect(errorsOf('as it is', ['ap-east-2'])).toEqual(
      expect.arrayContaining([
        "E3006 Resource type 'AWS::ApiGatewayV2::Api' does not exist in 'ap-east-2'",
        "E3006 Resource type 'AWS::IoT::DomainConfiguration' does not exist in 'ap-east-2'",
      ]),
    );
  });
});

/**
 * Services that the library needs and some AWS regions do not have. `cdk deploy` to such a region stops
 * before it creates anything, and says what to configure.
 */
import { type Configuration, ConfigurationError, pathTo } from './configuration.ts';

/** Services that some regions do not have. */
export type RegionalService =
  /** HTTP APIs of API Gateway. */
  | 'http-apis'
  /** User pools of Cognito. */
  | 'user-pools'
  /** AWS IoT Core. */
  | 'iot'
  /** Domain configurations of AWS IoT Core. Regions without AWS IoT do not list them. */
  | 'iot-domains'
  /** Budgets as resources of CloudFormation. */
  | 'budgets';

/**
 * All known regions, with the services that they lack. From the resource types that CloudFormation has in
 * each region, as cfn-lint 1.51 and CDK's validator know them; where they differ, the stricter one counts.
 * `test/stack/regions-templates.test.ts` compares.
 */
export const REGIONS: Readonly<Record<string, readonly RegionalService[]>> = {
  'af-south-1': ['iot', 'budgets'],
  'ap-east-1': ['budgets'],
  'ap-east-2': ['http-apis', 'iot', 'budgets'],
  'ap-northeast-1': [],
  'ap-northeast-2': [],
  'ap-northeast-3': ['iot', 'budgets'],
  'ap-south-1': [],
  'ap-south-2': ['iot', 'budgets'],
  'ap-southeast-1': [],
  'ap-southeast-2': [],
  'ap-southeast-3': ['iot', 'budgets'],
  'ap-southeast-4': ['iot', 'budgets'],
  'ap-southeast-5': ['budgets'],
  'ap-southeast-6': ['http-apis', 'iot', 'budgets'],
  'ap-southeast-7': ['iot', 'budgets'],
  'ca-central-1': [],
  'ca-west-1': ['iot', 'budgets'],
  'cn-north-1': ['user-pools'],
  'cn-northwest-1': ['user-pools'],
  'eu-central-1': [],
  'eu-central-2': ['iot', 'budgets'],
  'eu-north-1': ['budgets'],
  'eu-south-1': ['budgets'],
  'eu-south-2': ['budgets'],
  'eu-west-1': [],
  'eu-west-2': [],
  'eu-west-3': [],
  'il-central-1': ['budgets'],
  'me-central-1': ['budgets'],
  'me-south-1': ['budgets'],
  'mx-central-1': ['iot', 'budgets'],
  'sa-east-1': [],
  'us-east-1': [],
  'us-east-2': [],
  // CloudFormation has the resource type. AWS IoT's developer guide says that the feature is not available.
  'us-gov-east-1': ['iot-domains', 'budgets'],
  'us-gov-west-1': ['iot-domains', 'budgets'],
  'us-west-1': [],
  'us-west-2': [],
};

interface Service {
  readonly title: string;
  readonly isNeeded: (configuration: Configuration) => boolean;
  /** What to do in a region without it. */
  readonly advice: string;
}

const SERVICES: Readonly<Record<RegionalService, Service>> = {
  'http-apis': {
    title: 'HTTP APIs of API Gateway',
    isNeeded: () => true,
    advice: 'Deploy to another region.',
  },
  'user-pools': {
    title: 'user pools of Cognito',
    isNeeded: ({ oidcIssuer }) => oidcIssuer === undefined,
    advice: `Set ${pathTo('oidcIssuer')} and ${pathTo('oidcAudience')}: users sign in with your own issuer.`,
  },
  iot: {
    title: 'AWS IoT Core',
    isNeeded: ({ dock }) => dock.endpoint !== 'none',
    advice: `Set ${pathTo('dock.endpoint')} to "none" for a library without docks, or deploy to another region.`,
  },
  'iot-domains': {
    title: 'domain configurations of AWS IoT Core',
    isNeeded: ({ dock }) => dock.endpoint === 'managed-domain' || dock.endpoint === 'custom-domain',
    advice: `Set ${pathTo('dock.endpoint')} to "account-default", or to "none" for a library without docks.`,
  },
  budgets: {
    title: 'budgets in CloudFormation',
    isNeeded: ({ monthlyBudgetInUsd }) => monthlyBudgetInUsd !== undefined,
    advice: `Leave out ${pathTo('monthlyBudgetInUsd')}, and make the budget in the console: it is for the whole account.`,
  },
};

/**
 * Throws a `ConfigurationError` when a region lacks what the configuration needs. Regions that are not in the
 * list are taken to have everything.
 */
export function checkRegion(region: string, configuration: Configuration): void {
  const missing = (REGIONS[region] ?? []).filter((service) => SERVICES[service].isNeeded(configuration));
  if (missing.length > 0)
    throw new ConfigurationError(
      missing
        .map((service) => `${region} has no ${SERVICES[service].title}. ${SERVICES[service].advice}`)
        .join('\n'),
    );
}

import { App, DefaultStackSynthesizer, type IReusableStackSynthesizer } from 'aws-cdk-lib/core';
import recommendedFeatureFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };

/** What differs from one run of the app to another. */
export interface MediaLibraryAppProps {
  /**
   * Folder for the cloud assembly.
   * @default - a temporary folder
   */
  readonly outdir?: string;
  /** Context values; those that the CDK command line hands over win. */
  readonly context: Record<string, unknown>;
}

/** The CDK app as deployment, the local stack and the tests all set it up. It needs no account. */
export class MediaLibraryApp extends App {
  constructor({ context, ...props }: MediaLibraryAppProps) {
    super({
      ...props,
      context: {
        // CDK's version is pinned, so these change with an upgrade only, when the stack tests show what they do.
        ...recommendedFeatureFlags,
        '@aws-cdk/core:strictCfnValidateErrors': true,
        ...context,
      },
      analyticsReporting: false,
      // The rule's parameter is read from SSM at deployment, which CDK's command line has checked by then.
      defaultStackSynthesizer: new DefaultStackSynthesizer({
        generateBootstrapVersionRule: false,
      }) as IReusableStackSynthesizer,
    });
  }
}

import { App, DefaultStackSynthesizer, type IReusableStackSynthesizer } from 'aws-cdk-lib/core';
import recommendedFeatureFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };

/** What differs between runs of the app. */
export interface MediaLibraryAppProps {
  /**
   * Folder for the cloud assembly.
   * @default - a temporary folder
   */
  readonly outdir?: string;
  /** Context values. Those of the CDK command line take precedence. */
  readonly context: Record<string, unknown>;
}

/** The CDK app, as deployment, local stack and tests set it up. It needs no AWS account. */
export class MediaLibraryApp extends App {
  constructor({ context, ...props }: MediaLibraryAppProps) {
    super({
      ...props,
      context: {
        // CDK's version is pinned, so the flags change only with an upgrade, and then the stack tests show
        // the effect.
        ...recommendedFeatureFlags,
        '@aws-cdk/core:strictCfnValidateErrors': true,
        ...context,
      },
      analyticsReporting: false,
      // The rule's parameter is read from SSM at deployment. CDK's command line checks the version itself.
      defaultStackSynthesizer: new DefaultStackSynthesizer({
        generateBootstrapVersionRule: false,
      }) as IReusableStackSynthesizer,
    });
  }
}

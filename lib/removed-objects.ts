import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { DeadLetters } from './dead-letters.ts';
import type { LibraryFunctions } from './library-functions.ts';
import type { MediaBucket } from './media-bucket.ts';

/** What it takes to notice that objects are removed. */
export interface RemovedObjectsProps {
  readonly bucket: MediaBucket;
  readonly functions: LibraryFunctions;
  readonly deadLetters: DeadLetters;
}

/** Hears of every object that an operator or a lifecycle rule removes, so that no device is told any more that the library has it. */
export class RemovedObjects extends Construct {
  constructor(scope: Construct, id: string, { bucket, functions, deadLetters }: RemovedObjectsProps) {
    super(scope, id);
    const endpoints = functions.of('object-removed').map(({ endpoint }) => endpoint);
    for (const endpoint of endpoints) deadLetters.catchFailuresOf(endpoint);
    new Rule(this, 'Rule', {
      description: 'Objects that were removed from the media bucket',
      eventPattern: bucket.removals,
      // EventBridge tries for a day, then gives up.
      targets: endpoints.map(
        (endpoint) => new LambdaFunction(endpoint, { deadLetterQueue: deadLetters.undelivered }),
      ),
    });
  }
}

import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { OBJECT_REMOVED } from './bundles.ts';
import type { DeadLetters } from './dead-letters.ts';
import { EndpointFunction, type EndpointFunctionSettings } from './endpoint-function.ts';
import type { MediaBucket } from './media-bucket.ts';
import type { MediaTable } from './media-table.ts';

/** What it takes to notice that objects are removed. */
export interface RemovedObjectsProps {
  readonly table: MediaTable;
  readonly bucket: MediaBucket;
  readonly deadLetters: DeadLetters;
  /** What functions have in common. */
  readonly functions: EndpointFunctionSettings;
}

/** Hears of every object that an operator or a lifecycle rule removes, so that no device is told any more that the library has it. */
export class RemovedObjects extends Construct {
  /** The function that hears of them. */
  readonly function: EndpointFunction;

  constructor(scope: Construct, id: string, { table, bucket, deadLetters, functions }: RemovedObjectsProps) {
    super(scope, id);
    this.function = new EndpointFunction(this, 'ObjectRemoved', {
      name: OBJECT_REMOVED,
      does: 'forgets files whose objects are gone',
      ...functions,
    });
    table.grant(this.function, 'Query', 'DeleteItem');
    bucket.grantHead(this.function);
    deadLetters.catchFailuresOf(this.function);
    new Rule(this, 'Rule', {
      description: 'Objects that were removed from the media bucket',
      eventPattern: bucket.removals,
      // EventBridge tries for a day, then gives up.
      targets: [new LambdaFunction(this.function, { deadLetterQueue: deadLetters.undelivered })],
    });
  }
}

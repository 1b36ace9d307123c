import { Construct, type IDependable } from 'constructs';
import type { Configuration } from './configuration.ts';
import type { DeadLetters } from './dead-letters.ts';
import { DockAddress } from './dock-address.ts';
import { DockAuthorizer } from './dock-authorizer.ts';
import type { LibraryFunctions } from './library-functions.ts';
import { addTopicRules } from './topic-rules.ts';

/** What the MQTT side of the library is made from. */
export interface DockGatewayProps extends Pick<Configuration, 'dock'> {
  readonly functions: LibraryFunctions;
  readonly deadLetters: DeadLetters;
}

/**
 * The docks' side of the library: AWS IoT Core authenticates docks, and topic rules route each method to its
 * function.
 */
export class DockGateway extends Construct {
  /** Name of the authorizer for AWS IoT. */
  readonly authorizerName: string;
  private readonly address: DockAddress;

  constructor(scope: Construct, id: string, { dock, functions, deadLetters }: DockGatewayProps) {
    super(scope, id);
    for (const { row, endpoint } of [...functions.of('mqtt'), ...functions.of('mqtt-unnamed')]) {
      deadLetters.catchFailuresOf(endpoint);
      addTopicRules(row, endpoint, deadLetters);
    }
    const authorizer = new DockAuthorizer(this, 'Authorizer', functions);
    this.authorizerName = authorizer.authorizer.ref;
    this.address = new DockAddress(this, 'Address', { dock, authorizer });
  }

  /**
   * Creates the address after these. AWS does not delete every address at once, so it comes when nothing else
   * can fail.
   */
  opensAfter(...others: IDependable[]): void {
    this.address.node.addDependency(...others);
  }
}

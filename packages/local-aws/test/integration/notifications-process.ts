/**
 * The local AWS in a process of its own, for tests that kill it: `node notifications-process.ts <assembly>
 * <data>`. With a third argument, no notification reaches its queue.
 */
import { startLocalAws } from '../../index.ts';

const [, , assembly = '', data = '', refusal] = process.argv;
const aws = await startLocalAws({
  assembly,
  data,
  ...(refusal !== undefined && {
    notificationDeliveries: () => {
      throw new Error(refusal);
    },
  }),
});
process.send?.({ addresses: aws.addresses, outputs: aws.outputs, region: aws.region, root: aws.root });
process.on('disconnect', () => process.exit());

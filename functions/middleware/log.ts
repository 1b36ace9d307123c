import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';

/** One JSON line an event. Bodies, headers, tokens and keys never go in. */
export const logger = new Logger();

/** CloudWatch metrics in the embedded format, beside the log lines; the alarms of `lib/` read them. */
export const metrics = new Metrics({ namespace: 'MediaLibrary' });

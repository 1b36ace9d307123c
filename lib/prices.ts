/**
 * AWS's list prices in us-east-1 in US dollars, without free tiers and discounts, for the cost estimate of the
 * dashboard and for docs/operations.md. The pricing pages decide.
 */

const MILLION = 1e6;
/** CloudWatch counts bytes; prices are for 10^9 of them here, which is 7 % more than for AWS's 2^30. */
const GB = 1e9;
const DAYS_IN_A_MONTH = 30.4;

/** What a unit costs. */
export const PRICES = {
  /** A request to an HTTP API. */
  apiRequest: 1 / MILLION,
  /** A call of a function. */
  functionCall: 0.2 / MILLION,
  /** A function on arm64 with 1 GB for a second. */
  functionGbSecond: 0.0000133334,
  /** A DynamoDB write request unit, on demand. */
  writeUnit: 0.625 / MILLION,
  /** A DynamoDB read request unit, on demand. */
  readUnit: 0.125 / MILLION,
  /** A request to SQS. */
  queueRequest: 0.4 / MILLION,
  /** A custom event on the bus. */
  busEvent: 1 / MILLION,
  /** A PUT, or a part of an upload. */
  s3Put: 5 / MILLION,
  /** A GET or HEAD. */
  s3Get: 0.4 / MILLION,
  /** A message to or from a device, up to 5 KB. */
  iotMessage: 1 / MILLION,
  /** A rule that matches, and each of its actions. */
  iotRule: 0.15 / MILLION,
  /** A minute of a connection. */
  iotMinute: 0.08 / MILLION,
  /** A byte in a log. */
  logByte: 0.5 / GB,
  /** Bytes that were downloaded to the internet. */
  egressByte: 0.09 / GB,
  /** A byte in the table for a month. */
  tableByteMonth: 0.25 / GB,
  /** A byte in the table's point-in-time recovery for a month. */
  recoveryByteMonth: 0.2 / GB,
  /** A byte in a bucket for a day, by CloudWatch's `StorageType`. */
  storageByteDay: {
    StandardStorage: 0.023 / GB / DAYS_IN_A_MONTH,
    StandardIAStorage: 0.0125 / GB / DAYS_IN_A_MONTH,
    GlacierInstantRetrievalStorage: 0.004 / GB / DAYS_IN_A_MONTH,
  },
} as const;

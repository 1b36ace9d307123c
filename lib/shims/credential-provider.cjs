// Stands in, in bundles, for every credential provider but the environment's.
throw new Error(
  'No AWS credentials in the environment. A function takes them from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and its bundle holds no other provider.',
);

// Replaces, in bundles, all credential providers but the one that reads the environment.
throw new Error(
  'No AWS credentials in the environment. A function takes them from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and its bundle holds no other provider.',
);

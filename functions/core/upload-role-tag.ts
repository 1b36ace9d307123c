/**
 * Session tag that names the one object key prefix below which a credential may write. Credentials are issued with it, and the upload role's
 * own policy reaches no further: `lib/` makes that policy, so this file imports nothing.
 */
export const OBJECT_KEY_PREFIX_TAG = 'object_key_prefix';

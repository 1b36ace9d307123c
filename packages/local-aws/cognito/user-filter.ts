import { AwsError } from '../http/aws-error.ts';
import type { User } from './state.ts';

const SEARCHABLE: Readonly<Record<string, (user: User) => string | undefined>> = {
  username: (user) => user.username,
  sub: (user) => user.sub,
  email: (user) => user.attributes['email'],
  phone_number: (user) => user.attributes['phone_number'],
  name: (user) => user.attributes['name'],
  given_name: (user) => user.attributes['given_name'],
  family_name: (user) => user.attributes['family_name'],
  preferred_username: (user) => user.attributes['preferred_username'],
  'cognito:user_status': (user) => user.status,
  status: (user) => (user.enabled ? 'Enabled' : 'Disabled'),
};

/** The filter of ListUsers: `attribute = "value"`, or `^=` for a prefix. Throws for anything else. */
export function matchesUserFilter(user: User, filter: string | undefined): boolean {
  if (!filter) return true;
  const [, name = '', operator, quoted = ''] =
    /^\s*"?([\w:]+)"?\s*(=|\^=)\s*"((?:[^"\\]|\\.)*)"\s*$/.exec(filter) ?? [];
  const read = Object.hasOwn(SEARCHABLE, name) ? SEARCHABLE[name] : undefined;
  if (!read) throw new AwsError('InvalidParameterException', 'Error while parsing filter.');
  const actual = read(user) ?? '';
  const wanted = quoted.replace(/\\(.)/g, '$1');
  return operator === '=' ? actual === wanted : actual.startsWith(wanted);
}

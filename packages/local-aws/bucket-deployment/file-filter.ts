import type { BucketDeploymentDefinition } from './definitions.ts';

/** Which files a deployment means, as in the AWS CLI: of the patterns that match, the last one decides. */
export function fileFilter({
  exclude,
  include,
}: Pick<BucketDeploymentDefinition, 'exclude' | 'include'>): (name: string) => boolean {
  const rules = [
    ...exclude.map((pattern) => ({ expression: expressionOf(pattern), isMeant: false })),
    ...include.map((pattern) => ({ expression: expressionOf(pattern), isMeant: true })),
  ];
  return (name) => rules.findLast(({ expression }) => expression.test(name))?.isMeant ?? true;
}

/** `*` and `?` match slashes, too. */
function expressionOf(pattern: string): RegExp {
  const source = pattern.replace(/\[!?[^\]]+\]|./gs, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part.length > 1) return part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\');
    return part.replace(/[.+^${}()|[\]\\]/, '\\$&');
  });
  return new RegExp(`^${source}$`, 's');
}

/** A page of a list that is sorted by name. The token is the encoded last name of the page before. */
export function pageByName<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  { limit, token }: { limit: number; token?: string | undefined },
): { page: Item[]; nextToken?: string } {
  const after = token === undefined ? undefined : Buffer.from(token, 'base64url').toString('utf8');
  const rest = items
    .toSorted((one, other) => compare(nameOf(one), nameOf(other)))
    .filter((item) => after === undefined || compare(nameOf(item), after) > 0);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  if (!last || page.length === rest.length) return { page };
  return { page, nextToken: Buffer.from(nameOf(last), 'utf8').toString('base64url') };
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

import type { RouteDefinition } from './definitions.ts';

/** A route that matches a request, and the values of its path parameters. */
export interface RouteMatch {
  readonly route: RouteDefinition;
  /** Percent-decoded. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

type Segment = { readonly literal: string } | { readonly variable: string; readonly greedy: boolean };

interface CompiledRoute {
  readonly route: RouteDefinition;
  readonly method: string;
  readonly segments: readonly Segment[];
}

/**
 * Finds routes as HTTP APIs do. The most specific route wins, compared segment by segment: literal, then
 * `{variable}`, then `{greedy+}`. A method wins over `ANY`. `$default` takes the rest.
 */
export class Router {
  readonly #routes: readonly CompiledRoute[];
  readonly #default: RouteDefinition | undefined;

  constructor(routes: readonly RouteDefinition[]) {
    this.#default = routes.find(({ key }) => key === '$default');
    this.#routes = routes
      .filter(({ key }) => key !== '$default')
      .map(compile)
      .sort(compareSpecificity);
  }

  /**
   * `rawPath` is the path as it was sent: an encoded slash does not separate segments. Throws `URIError` for
   * invalid percent-encoding.
   */
  match(method: string, rawPath: string): RouteMatch | undefined {
    const segments = rawPath.slice(1).split('/').map(decodeURIComponent);
    for (const candidate of this.#routes) {
      if (candidate.method !== 'ANY' && candidate.method !== method) continue;
      const pathParameters = matchSegments(candidate.segments, segments);
      if (pathParameters) return { route: candidate.route, pathParameters };
    }
    return this.#default && { route: this.#default, pathParameters: {} };
  }
}

function compile(route: RouteDefinition): CompiledRoute {
  const [method, path] = route.key.split(' ');
  if (!method || !path?.startsWith('/')) throw new Error(`${route.key} is not a route key`);
  const segments = path
    .slice(1)
    .split('/')
    .map((segment): Segment => {
      const [, variable, plus] = /^\{([^}+]+)(\+?)\}$/.exec(segment) ?? [];
      return variable === undefined ? { literal: segment } : { variable, greedy: plus === '+' };
    });
  return { route, method, segments };
}

function compareSpecificity(left: CompiledRoute, right: CompiledRoute): number {
  for (let index = 0; index < Math.max(left.segments.length, right.segments.length); index += 1) {
    const difference = rank(left.segments[index]) - rank(right.segments[index]);
    if (difference !== 0) return difference;
  }
  return Number(left.method === 'ANY') - Number(right.method === 'ANY');
}

function rank(segment: Segment | undefined): number {
  if (!segment || 'literal' in segment) return 0;
  return segment.greedy ? 2 : 1;
}

function matchSegments(
  pattern: readonly Segment[],
  segments: readonly string[],
): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const found = segments[index];
    if (found === undefined) return undefined;
    if ('literal' in expected) {
      if (found !== expected.literal) return undefined;
    } else if (expected.greedy) {
      parameters[expected.variable] = segments.slice(index).join('/');
      return parameters;
    } else if (found === '') {
      return undefined;
    } else {
      parameters[expected.variable] = found;
    }
  }
  return segments.length === pattern.length ? parameters : undefined;
}

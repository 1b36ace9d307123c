import { describe, expect, it } from 'vitest';
import { MalformedRequestError, WorkspaceForbiddenError } from '../../functions/core/errors.ts';
import { assertWorkspaceAllowed, parseWorkspaceId } from '../../functions/core/workspace.ts';
import { workspacesOf } from '../../functions/middleware/authorized-workspace.ts';
import { FOREIGN_WORKSPACE, WORKSPACE } from '../fixtures/library.ts';

describe('workspace id', () => {
  it('is a lower-case UUID', () => {
    expect(parseWorkspaceId(WORKSPACE)).toBe(WORKSPACE);
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['a name', 'demo'],
    ['upper case', WORKSPACE.toUpperCase()],
    ['braces', `{${WORKSPACE}}`],
    ['no dashes', WORKSPACE.replaceAll('-', '')],
    ['one digit less', WORKSPACE.slice(1)],
    ['one digit more', `${WORKSPACE}0`],
    ['a line break behind it', `${WORKSPACE}\n`],
    ['a space before it', ` ${WORKSPACE}`],
    ['a wildcard', `${WORKSPACE.slice(0, -1)}*`],
    ['a question mark', `${WORKSPACE.slice(0, -1)}?`],
    ['a policy variable', `\${aws:username}`],
    ['a path', `${WORKSPACE}/../x`],
    ['digits of another script', WORKSPACE.replace('5', '٥')],
  ])('is refused when it is %s', (_what, value) => {
    expect(() => parseWorkspaceId(value)).toThrow(MalformedRequestError);
  });
});

describe('workspace rule', () => {
  it('allows each workspace that the token lists', () => {
    expect(() => assertWorkspaceAllowed([FOREIGN_WORKSPACE, WORKSPACE], WORKSPACE)).not.toThrow();
  });

  it('refuses all others', () => {
    expect(() => assertWorkspaceAllowed([FOREIGN_WORKSPACE], WORKSPACE)).toThrow(WorkspaceForbiddenError);
    expect(() => assertWorkspaceAllowed([], WORKSPACE)).toThrow(WorkspaceForbiddenError);
  });
});

describe('workspaces claim', () => {
  it.each([
    ["API Gateway's rendering of one", `[${WORKSPACE}]`, [WORKSPACE]],
    [
      "API Gateway's rendering of several",
      `[${FOREIGN_WORKSPACE} ${WORKSPACE}]`,
      [FOREIGN_WORKSPACE, WORKSPACE],
    ],
    ['an array', [FOREIGN_WORKSPACE, WORKSPACE], [FOREIGN_WORKSPACE, WORKSPACE]],
    ['a bare name', WORKSPACE, [WORKSPACE]],
    ['names with spaces between', `${FOREIGN_WORKSPACE}  ${WORKSPACE} `, [FOREIGN_WORKSPACE, WORKSPACE]],
    ['groups that are no workspaces', `[admins ${WORKSPACE} *]`, [WORKSPACE]],
    ['an empty list', '[]', []],
    ['nothing', undefined, []],
    ['null', null, []],
    ['an empty text', '', []],
    ['a number', 7, []],
    ['an object', { [WORKSPACE]: true }, []],
    ['an array of anything', [null, 7, { a: 1 }, [FOREIGN_WORKSPACE, WORKSPACE]], []],
    ['a group whose name begins like a workspace', `[${WORKSPACE}-admins]`, []],
    ['a group whose name holds a workspace and a comma', `[notes,${WORKSPACE}]`, []],
    ['an array element with two names', [`${FOREIGN_WORKSPACE} ${WORKSPACE}`], []],
    ['a group whose name has brackets of its own', `[x [${WORKSPACE}]]`, []],
  ])('reads %s', (_what, claim, expected) => {
    expect(workspacesOf(claim)).toEqual(expected);
  });
});

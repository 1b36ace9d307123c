import { describe, expect, it } from 'vitest';
import { ObjectKeyOutsideWorkspaceError } from '../../functions/core/errors.ts';
import { assertObjectKeyInWorkspace, OBJECT_KEY_LIMIT_IN_BYTES } from '../../functions/core/object-key.ts';
import { FOREIGN_WORKSPACE, WORKSPACE } from '../fixtures/library.ts';

const check = (objectKey: string) => () => assertObjectKeyInWorkspace(WORKSPACE, objectKey);

describe('object key rule', () => {
  it.each([
    ['a plain key', `${WORKSPACE}/a1b2/DJI_0001.JPG`],
    ['a key right below the workspace', `${WORKSPACE}/DJI_0001.JPG`],
    ['Chinese letters', `${WORKSPACE}/a1b2/DJI_202604071650_024_上云API/DJI_0001.JPG`],
    ['letters beyond the basic plane', `${WORKSPACE}/a1b2/🚁 über Ærø.JPG`],
    ['combining marks, not normalised', `${WORKSPACE}/a1b2/u\u0308ber.JPG`],
    ['dots within names', `${WORKSPACE}/a1b2/...a..b./.hidden/x..JPG`],
    ['a percent sign that encodes nothing', `${WORKSPACE}/a1b2/100% sunny %zz.JPG`],
    ['an encoded space', `${WORKSPACE}/a1b2/a%20b.JPG`],
    ['signs that mean something in an address', `${WORKSPACE}/a1b2/a+b #1?&=*~'().JPG`],
    [
      'encoded slashes, which are part of the name',
      `${WORKSPACE}/a1b2%2F..%2f..%2F${FOREIGN_WORKSPACE}/a.JPG`,
    ],
    ['a slash encoded twice', `${WORKSPACE}/a%252Fb.JPG`],
    ['encoded dots', `${WORKSPACE}/%2e%2E/a.JPG`],
    ['backslashes', `${WORKSPACE}/a1b2/..\\a\\b.JPG`],
    ['an encoded backslash', `${WORKSPACE}/..%5Ca.JPG`],
    ['line breaks and a tab', `${WORKSPACE}/a1b2/a\nb\r\n\tc.JPG`],
    ['other control characters', `${WORKSPACE}/a1b2/\u0001\u001b[31m\u007f\u0085\u2028.JPG`],
    ['letters that change the direction of text', `${WORKSPACE}/a1b2/\u202egpj.exe`],
    ['the workspace once more below itself', `${WORKSPACE}/${WORKSPACE}/a.JPG`],
    ["another workspace's id as a folder", `${WORKSPACE}/${FOREIGN_WORKSPACE}/a.JPG`],
  ])('accepts %s', (_what, objectKey) => {
    expect(check(objectKey)).not.toThrow();
  });

  it.each([
    ['another workspace', `${FOREIGN_WORKSPACE}/a1b2/a.JPG`],
    ['an id that this workspace begins', `${WORKSPACE}x/a.JPG`],
    ['an id with the same beginning and a dash', `${WORKSPACE}-2/a.JPG`],
    ['the id in upper case', `${WORKSPACE.toUpperCase()}/a.JPG`],
    ['the id without a slash', WORKSPACE],
    ['the id with nothing behind it', `${WORKSPACE}/`],
    ['no id', 'DJI_0001.JPG'],
    ['nothing', ''],
    ['a leading slash', `/${WORKSPACE}/a.JPG`],
    ['a leading space', ` ${WORKSPACE}/a.JPG`],
    ['a leading ./', `./${WORKSPACE}/a.JPG`],
    ['..', `${WORKSPACE}/../${FOREIGN_WORKSPACE}/a.JPG`],
    ['.. as the name', `${WORKSPACE}/a1b2/..`],
    ['.. that comes back', `${WORKSPACE}/a1b2/../a1b2/a.JPG`],
    ['. as a folder', `${WORKSPACE}/./a.JPG`],
    ['an empty folder', `${WORKSPACE}//a.JPG`],
    ['a trailing slash', `${WORKSPACE}/a1b2/`],
    ['an encoded slash instead of the first', `${WORKSPACE}%2Fa.JPG`],
    ['a backslash instead of the first slash', `${WORKSPACE}\\..\\${FOREIGN_WORKSPACE}\\a.JPG`],
    ['a line break behind the id', `${WORKSPACE}\n/a.JPG`],
    ['a NUL', `${WORKSPACE}/a.JPG\u0000.png`],
    ['half a surrogate pair, which no address can carry', `${WORKSPACE}/a\ud800.JPG`],
  ])('refuses %s', (_what, objectKey) => {
    expect(check(objectKey)).toThrow(ObjectKeyOutsideWorkspaceError);
  });

  it('limits the bytes of UTF-8, not the characters', () => {
    const letter = '上';
    const room = OBJECT_KEY_LIMIT_IN_BYTES - `${WORKSPACE}/`.length;
    const name = letter.repeat(Math.floor(room / 3)) + 'a'.repeat(room % 3);

    expect(Buffer.byteLength(`${WORKSPACE}/${name}`)).toBe(1024);
    expect(check(`${WORKSPACE}/${name}`)).not.toThrow();
    expect(check(`${WORKSPACE}/${name}a`)).toThrow(ObjectKeyOutsideWorkspaceError);
    expect(check(`${WORKSPACE}/${letter.repeat(500)}`)).toThrow(ObjectKeyOutsideWorkspaceError);
  });

  it('does not repeat the key in its message', () => {
    expect(check(`${FOREIGN_WORKSPACE}/secret.JPG`)).toThrow(
      'The object key is not below the prefix of this workspace',
    );
  });
});

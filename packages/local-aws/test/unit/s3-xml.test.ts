import { describe, expect, it } from 'vitest';
import { elements, readXml, textOf } from '../../s3/xml-reader.ts';

describe('the XML that clients send to the local S3', () => {
  it('is read with any namespace, declaration, comments and white space', () => {
    const document = readXml(
      `\ufeff<?xml version="1.0" encoding="UTF-8"?>
      <!-- made by hand -->
      <s3:Delete xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/" quiet='no'>
        <Object><Key>a</Key><VersionId /></Object>
        <Object><Key>b</Key></Object>
      </s3:Delete>`,
      'Delete',
    );
    expect(elements(document, 'Object').map((object) => textOf(object, 'Key'))).toEqual(['a', 'b']);
  });

  it('keeps every character of a key', () => {
    const document = readXml(
      '<Delete><Key> a&amp;&lt;&gt;&quot;&apos;&#38;&#x4e0a;&#128512;\r\n<![CDATA[<b>&amp;]]></Key></Delete>',
      'Delete',
    );
    expect(textOf(document, 'Key')).toBe(' a&<>"\'&上😀\n<b>&amp;');
  });

  it.each([
    ['nothing', ''],
    ['another root', '<Other></Other>'],
    ['an element that is not closed', '<Delete><Object></Delete>'],
    ['a second root', '<Delete/><Delete/>'],
    ['text around the root', 'x<Delete/>'],
    ['a document type', '<!DOCTYPE Delete [<!ENTITY a "b">]><Delete>&a;</Delete>'],
    ['an entity that nobody defined', '<Delete>&nbsp;</Delete>'],
    ['a bare ampersand', '<Delete>a & b</Delete>'],
    ['half of a surrogate pair', '<Delete>&#xd800;</Delete>'],
    ['elements nested without end', '<a>'.repeat(1000)],
  ])('is refused when it is %s', (_what, document) => {
    expect(() => readXml(document, 'Delete')).toThrow(/not well-formed/);
  });

  it('is refused with a repeated element', () => {
    const document = readXml('<Object><Key>a</Key><Key>b</Key></Object>', 'Object');
    expect(() => textOf(document, 'Key')).toThrow(/not well-formed/);
  });
});

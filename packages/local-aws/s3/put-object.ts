import { sendEmpty } from './answers.ts';
import { attributesOf, refuseUnsupportedHeaders } from './attributes.ts';
import { writePrecondition } from './conditions.ts';
import { checksumHeaders, writtenHeaders } from './object-facts.ts';
import type { S3Call } from './s3-call.ts';

/** `PutObject` */
export async function putObject(call: S3Call): Promise<void> {
  const { key, request, store } = call;
  refuseUnsupportedHeaders(call);
  const attributes = attributesOf(request);
  const precondition = writePrecondition(request);
  // The condition is checked again at the end; failing early saves the transfer.
  precondition(store.index.latest(key));
  const body = call.body();
  const data = await store.data.write(body.bytes());
  const { md5, size, checksum } = body.facts;
  const object = await store.commit(
    {
      key,
      data: [data],
      size,
      eTag: md5,
      attributes,
      cause: call.cause('ObjectCreated:Put'),
      checksum: checksum && { ...checksum, type: 'FULL_OBJECT' },
    },
    precondition,
  );
  sendEmpty(call.response, 200, {
    etag: `"${object.eTag}"`,
    ...writtenHeaders(object),
    ...checksumHeaders(object.checksum),
  });
}

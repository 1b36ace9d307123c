import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { limitPackets } from '../../iot/packet-limit.ts';

/** What gets through, byte by byte or at once. */
async function through(bytes: Buffer, pieceLength: number): Promise<number | string> {
  const connection = new PassThrough();
  limitPackets(connection);
  let received = 0;
  const ended = new Promise<number | string>((resolve) => {
    connection.on('error', (error) => resolve(error.message));
    connection.on('end', () => resolve(received));
  });
  connection.on('readable', () => {
    for (let chunk = connection.read(); chunk !== null; chunk = connection.read()) received += chunk.length;
  });
  for (let position = 0; position < bytes.length; position += pieceLength) {
    connection.write(bytes.subarray(position, position + pieceLength));
  }
  connection.end();
  return ended;
}

/** A PUBLISH at QoS 0 to the topic `a`. */
function publish(payloadLengthInBytes: number): Buffer {
  const lengthInBytes: number[] = [];
  for (let rest = 3 + payloadLengthInBytes; ; rest >>= 7) {
    lengthInBytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    if (rest <= 0x7f) break;
  }
  return Buffer.concat([
    Buffer.from([0x30, ...lengthInBytes, 0, 1, 0x61]),
    Buffer.alloc(payloadLengthInBytes),
  ]);
}

const PING = Buffer.from([0xc0, 0x00]);

describe('the packet size limit', () => {
  it.each([1, 3, 65_536])(
    'accepts packets of all allowed sizes in pieces of %i bytes',
    async (pieceLength) => {
      const packets = Buffer.concat([
        publish(0),
        PING,
        publish(127),
        publish(20_000),
        PING,
        publish(131_072),
      ]);
      expect(await through(packets, pieceLength)).toBe(packets.length);
    },
  );

  it.each([1, 65_536])(
    'closes the connection at the header of a packet that is too large, in pieces of %i bytes',
    async (pieceLength) => {
      const header = publish(300_000).subarray(0, 4);
      expect(await through(Buffer.concat([publish(10), header]), pieceLength)).toBe(
        'a packet is over 135168 bytes',
      );
    },
  );

  it('closes a connection with an invalid length', async () => {
    expect(await through(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]), 1)).toContain('over');
  });
});

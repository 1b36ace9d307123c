import type { Duplex } from 'node:stream';

/** AWS IoT's limit for the payload of a message. */
export const MAX_PAYLOAD_SIZE_IN_BYTES = 128 * 1024;

/** Room for topic, packet identifier, user name and password beside the payload. */
const ENVELOPE_SIZE_IN_BYTES = 4 * 1024;

const MAX_PACKET_SIZE_IN_BYTES = MAX_PAYLOAD_SIZE_IN_BYTES + ENVELOPE_SIZE_IN_BYTES;

/**
 * Closes a connection when the header of a packet announces more than AWS IoT allows. The parser behind it
 * would first read up to 256 MB.
 */
export function limitPackets(connection: Duplex): void {
  const sizes = new PacketSizes();
  const read = connection.read.bind(connection);
  connection.read = (size?: number) => {
    const chunk = read(size) as Buffer | null;
    if (chunk === null || sizes.take(chunk)) return chunk;
    connection.destroy(new Error(`a packet is over ${MAX_PACKET_SIZE_IN_BYTES} bytes`));
    return null;
  };
}

/** Follows the fixed headers in a stream of MQTT packets. */
class PacketSizes {
  #state: 'type' | 'length' | 'body' = 'type';
  #length = 0;
  #shift = 0;

  /** Whether all packets that begin in the chunk are small enough. */
  take(chunk: Buffer): boolean {
    let position = 0;
    while (position < chunk.length) {
      if (this.#state === 'body') {
        const skipped = Math.min(this.#length, chunk.length - position);
        position += skipped;
        this.#length -= skipped;
        if (this.#length === 0) this.#state = 'type';
        continue;
      }
      const byte = chunk[position] ?? 0;
      position += 1;
      if (this.#state === 'type') {
        this.#state = 'length';
        this.#length = 0;
        this.#shift = 0;
        continue;
      }
      this.#length += (byte & 0x7f) << this.#shift;
      this.#shift += 7;
      if (this.#length > MAX_PACKET_SIZE_IN_BYTES || this.#shift > 28) return false;
      if ((byte & 0x80) === 0) this.#state = this.#length === 0 ? 'type' : 'body';
    }
    return true;
  }
}

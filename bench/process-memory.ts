/** The memory of a process, from Linux: all threads, heaps, buffers and code. */
import { readFileSync } from 'node:fs';

/** Memory of a process. */
export interface ProcessMemory {
  /** Current. */
  readonly residentInBytes: number;
  /** Peak. */
  readonly peakInBytes: number;
}

/** Reads it; needs Linux. */
export function readMemory(processId: number): ProcessMemory {
  const status = readFileSync(`/proc/${processId}/status`, 'utf8');
  const field = (name: string): number => {
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
    if (kibibytes === undefined) throw new Error(`Process ${processId} has no ${name}: has it ended?`);
    return Number(kibibytes) * 1024;
  };
  return { residentInBytes: field('VmRSS'), peakInBytes: field('VmHWM') };
}

/** Samples the memory of a process during other work. */
export class MemorySampler {
  readonly samples: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(processId: number, intervalInMilliseconds = 100) {
    this.#timer = setInterval(
      () => this.samples.push(readMemory(processId).residentInBytes),
      intervalInMilliseconds,
    );
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

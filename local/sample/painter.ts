/**
 * Computes the sample photos in a process of its own: `node painter.ts DIR`. The stack stays responsive, and
 * small.
 */
import { writePhotos } from './photos.ts';

const directory = process.argv[2];
if (!directory) throw new Error('painter.ts DIR: the folder is missing');
await writePhotos(directory);

/**
 * `npm run build:pages`
 *
 * Builds the pages into `web/dist`.
 */
import { buildPages } from '../lib/pages.ts';

await buildPages();

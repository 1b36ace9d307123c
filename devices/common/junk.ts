/** What computers leave on a card: files and folders that no drone wrote. */

/** By the whole name, in lower case, since FAT and exFAT ignore case. */
const JUNK_BY_NAME: ReadonlyMap<string, string> = new Map([
  ['.ds_store', 'folder settings of a Mac'],
  ['.appledouble', 'attributes of a Mac'],
  ['.documentrevisions-v100', 'file versions of a Mac'],
  ['.fseventsd', 'a change log of a Mac'],
  ['.spotlight-v100', 'the search index of a Mac'],
  ['.temporaryitems', 'temporary files of a Mac'],
  ['.trashes', 'the bin of a Mac'],
  ['thumbs.db', 'thumbnails of Windows'],
  ['ehthumbs.db', 'thumbnails of Windows'],
  ['desktop.ini', 'folder settings of Windows'],
  ['$recycle.bin', 'the bin of Windows'],
  ['system volume information', 'system data of Windows'],
  ['lost.dir', 'file fragments of Android'],
]);

/** `._DJI_0001.JPG`, beside the file that it belongs to. */
const MAC_ATTRIBUTES = /^\._/;
/** `.Trash-1000`, with the id of the user. */
const LINUX_BIN = /^\.trash-\d+$/i;

/** Why a file or folder of this name is skipped; undefined for all others. */
export function junkReason(name: string): string | undefined {
  const known = JUNK_BY_NAME.get(name.toLowerCase());
  if (known) return known;
  if (MAC_ATTRIBUTES.test(name)) return 'attributes of a Mac';
  return LINUX_BIN.test(name) ? 'the bin of Linux' : undefined;
}

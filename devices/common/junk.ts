/** What computers leave on a card: files and folders that no drone wrote and nobody misses. */

/** By the whole name, in lower case: FAT and exFAT do not tell the cases apart. */
const JUNK_BY_NAME: ReadonlyMap<string, string> = new Map([
  ['.ds_store', 'how a Mac shows the folder'],
  ['.appledouble', 'attributes kept by a Mac'],
  ['.documentrevisions-v100', 'versions kept by a Mac'],
  ['.fseventsd', 'a log of changes kept by a Mac'],
  ['.spotlight-v100', 'the search index of a Mac'],
  ['.temporaryitems', 'temporary files of a Mac'],
  ['.trashes', 'the bin of a Mac'],
  ['thumbs.db', 'small pictures kept by Windows'],
  ['ehthumbs.db', 'small pictures kept by Windows'],
  ['desktop.ini', 'how Windows shows the folder'],
  ['$recycle.bin', 'the bin of Windows'],
  ['system volume information', 'notes that Windows keeps about the card'],
  ['lost.dir', 'fragments kept by Android'],
]);

/** `._DJI_0001.JPG`, beside the file it belongs to. */
const MAC_ATTRIBUTES = /^\._/;
/** `.Trash-1000`, with the number of whoever threw something away. */
const LINUX_BIN = /^\.trash-\d+$/i;

/** Why a file or folder of this name is left alone; undefined for everything that is taken. */
export function junkReason(name: string): string | undefined {
  const known = JUNK_BY_NAME.get(name.toLowerCase());
  if (known) return known;
  if (MAC_ATTRIBUTES.test(name)) return 'attributes kept by a Mac';
  return LINUX_BIN.test(name) ? 'the bin of Linux' : undefined;
}

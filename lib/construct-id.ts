/** The construct id of a function: `fast-upload` becomes `FastUpload`. */
export const constructId = (name: string): string =>
  name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());

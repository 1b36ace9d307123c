/** The construct id that stands for a function's name: `fast-upload` → `FastUpload`. */
export const constructId = (name: string): string =>
  name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());

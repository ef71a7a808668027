const space = /[ \t\n\r]/;

/**
 * What is missing of a JSON text when a piece of it was told. Space between tokens does not count: models write some where
 * `JSON.stringify` writes none. Undefined when the piece is not the text's beginning.
 */
export function jsonRemainder(told: string, whole: string): string | undefined {
  if (whole.startsWith(told)) return whole.slice(told.length);
  let at = 0;
  let inString = false;
  for (let index = 0; index < told.length; index += 1) {
    const character = told.charAt(index);
    if (!inString) {
      if (space.test(character)) continue;
      while (space.test(whole.charAt(at))) at += 1;
    }
    if (whole.charAt(at) !== character) return undefined;
    at += 1;
    if (inString && character === "\\") {
      index += 1;
      if (index === told.length) break;
      if (told.charAt(index) !== whole.charAt(at)) return undefined;
      at += 1;
    } else if (character === '"') {
      inString = !inString;
    }
  }
  return whole.slice(at);
}

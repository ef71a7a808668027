/** Scripts that put no space between words. */
const unspaced = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;
const spaced = /[\p{L}\p{M}\p{N}]+/gu;
/** Made when the first text needs it: its dictionaries take longer to load than the rest of the package. */
let segmenter: Intl.Segmenter | undefined;

/**
 * The words of a text, in order, in lower case and compatible forms, so that they can be compared. Letters and digits
 * make words; Chinese, Japanese, Thai, Lao, Khmer and Burmese are cut by the dictionaries of `Intl.Segmenter`.
 */
export function words(text: string): string[] {
  const found: string[] = [];
  for (const [run] of text.normalize("NFKC").toLowerCase().matchAll(spaced)) {
    if (!unspaced.test(run)) {
      found.push(run);
      continue;
    }
    segmenter ??= new Intl.Segmenter("en", { granularity: "word" });
    for (const { segment } of segmenter.segment(run)) found.push(segment);
  }
  return found;
}

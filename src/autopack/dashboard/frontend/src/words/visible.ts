/**
 * Text that can't pretend to be another: control, bidirectional and invisible characters are written out.
 *
 * What a model or a command wrote is shown as it is, not as it wants to look (CVE-2021-42574). Line breaks and
 * tabs stay; the colours of terminals are left out.
 */
export function visible(text: string): string {
  return text
    .replace(ANSI, "")
    .replace(HIDDEN, (char) => `\\u${char.codePointAt(0)?.toString(16).padStart(4, "0")}`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ANSI = /\u001b\[[0-9;?]*[A-Za-z]/g;
const HIDDEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

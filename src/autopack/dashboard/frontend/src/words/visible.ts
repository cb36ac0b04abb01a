/**
 * Text that can't pretend to be another: control, bidirectional and invisible characters are written out.
 *
 * What a model or a command wrote is shown as it is, not as it wants to look (CVE-2021-42574). Line breaks and
 * tabs stay, and what says whether a sign is drawn as an emoji; the colours of terminals are left out.
 */
export function visible(text: string): string {
  return text.replace(ANSI, "").replace(HIDDEN, (char) => written(char.codePointAt(0) ?? 0));
}

function written(code: number): string {
  const digits = code.toString(16);
  return digits.length > 4 ? `\\u{${digits}}` : `\\u${digits.padStart(4, "0")}`;
}

/** Prose as it flows: a line that was broken for a terminal is not, paragraphs and lists stay. */
export function flowing(text: string): string {
  return text.replace(/(?<=\S)[ \t]*\n(?![ \t]*(?:\n|[-*•]|\d+[.)]))[ \t]*/g, " ");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ANSI = /\u001b\[[0-9;?]*[A-Za-z]/g;
const HIDDEN = /(?!\n|\t|\ufe0e|\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

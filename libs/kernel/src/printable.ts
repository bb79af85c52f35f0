/**
 * Text as a terminal may show it: control, format and separator characters are escaped, so that stored names cannot
 * move the cursor, change colours or reverse the reading direction.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return `\\u{${code}}`;
  });
}

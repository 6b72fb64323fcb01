/** Search by typed words. */

import { lang } from "./texts";

/** Return a function that tells whether a text holds all of some typed words. */
export function finder(typed: string): (text: string) => boolean {
  // Numbers and dates hold spaces that do not break; nobody types them.
  const plain = (text: string): string => text.toLocaleLowerCase(lang()).replace(/\s/g, " ");
  const wanted = plain(typed).split(" ").filter(Boolean);
  return (text) => {
    const low = plain(text);
    return wanted.every((word) => low.includes(word));
  };
}

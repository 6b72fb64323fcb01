/** Small helpers to build the page. Text always becomes a text node, never markup. */

export type Attributes = Record<string, string | number | boolean | EventListener | null | undefined>;
export type Child = Node | string | number | null | undefined;

/** Return a new element; attributes that start with "on" are listeners, null and false are left out. */
export function h(tag: string, attrs: Attributes = {}, ...children: Child[]): HTMLElement {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs)) {
    if (typeof value === "function") el.addEventListener(name.replace(/^on/, ""), value);
    else if (value !== null && value !== undefined && value !== false)
      el.setAttribute(name, value === true ? "" : String(value));
  }
  add(el, ...children);
  return el;
}

/** Append children; numbers and texts as text nodes. */
export function add(el: Element, ...children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined) continue;
    el.append(child instanceof Node ? child : String(child));
  }
}

/** Remove all children. */
export function clear(el: Element): void {
  el.replaceChildren();
}

/** Return a button that does not submit anything. */
export function button(text: string, onclick: () => void, attrs: Attributes = {}): HTMLElement {
  return h("button", { type: "button", ...attrs, onclick }, text);
}

/** Return a labelled choice; `choose` gets the new value. */
export function select(
  label: string,
  options: { value: string; text: string }[],
  value: string,
  choose: (value: string) => void,
): HTMLElement {
  const box = h("select", {
    onchange: (event: Event) => choose((event.target as HTMLSelectElement).value),
  }) as HTMLSelectElement;
  for (const option of options) box.append(h("option", { value: option.value }, option.text));
  box.value = value;
  return h("label", { class: "field" }, h("span", {}, label), box);
}

/** Hand a file to the reader. */
export function download(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads the blob after this task; it is freed a little later.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Return the address if it is a web address, else null: data must not bring javascript: links. */
export function safeUrl(url: unknown): string | null {
  return typeof url === "string" && /^https?:\/\//i.test(url) ? url : null;
}

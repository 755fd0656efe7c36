// One snapshot of the page, in one piece: what a reader can see and use. Values of password, code and hidden fields
// never leave the page, and every list and text is bounded.
const LIST_MAX = 300, TEXT_MAX = 20000, WORD_MAX = 500, BESIDE_MAX = 2000;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/;
// A word that the cut goes through is left out: half a secret is not known as one.
const cut = (text, max) => text.length > max ? text.slice(0, max).replace(/\S*$/, "") + "…" : text;
const text = (node) => cut((node ? node.innerText || node.textContent || "" : "").replace(/\s+/g, " ").trim(), WORD_MAX);
const visible = (node) => node.getClientRects().length > 0;
const all = (selector) => Array.from(document.querySelectorAll(selector)).slice(0, LIST_MAX);
const label = (control) => {
  const own = control.labels && control.labels.length ? text(control.labels[0]) : "";
  return own || control.getAttribute("aria-label") || "";
};
const secret = (control) => ["password", "tel", "hidden", "file"].includes(control.type);
// Blocks in a message do not run together, and what only a screen reader says is no part of it.
const words = (node) => Array.from(node.childNodes).map((child) => {
  if (child.nodeType !== 1) { return child.nodeType === 3 ? child.textContent : ""; }
  if ([...child.classList].some((name) => /sr-only|visually-hidden/.test(name))) { return ""; }
  return getComputedStyle(child).display === "inline" ? words(child) : ` ${words(child)} `;
}).join("");
const error = (node) => cut(words(node).replace(/\s+/g, " ").trim(), WORD_MAX);
return {
  url: location.href,
  title: document.title,
  // A page is named by its h1; a banner above it has an h2.
  headings: [...all("h1"), ...all("h2")].filter(visible).map(text).slice(0, LIST_MAX),
  errors: all("[class*=error-message], [class*=error-summary], .banner-dangerous")
    .filter(visible).map(error).filter((words) => words),
  controls: all("input:not([type=hidden]):not([type=submit]):not([type=button]), select, textarea").map((control) => ({
    label: label(control),
    kind: control.type || control.tagName.toLowerCase(),
    checked: !!control.checked,
    value: secret(control) ? null : cut(String(control.value || ""), WORD_MAX),
  })),
  buttons: all("button, input[type=submit], input[type=button]").filter(visible)
    .map((button) => text(button) || button.value || ""),
  links: all("a[href]").filter(visible).map((link) => ({ text: text(link), href: cut(link.href, 2000) })),
  tables: all("table").slice(0, 10).map((table) => Array.from(table.rows).slice(0, LIST_MAX)
    .map((row) => Array.from(row.cells).slice(0, 30).map(text))),
  // From the beginning of the request, its redirects included, to the end of the answer; 0 while it is not over.
  dialogs: Array.from(window.__dialogs || []),
  document: Math.round(performance.timeOrigin || 0),
  took_ms: Math.ceil((performance.getEntriesByType("navigation")[0] || {}).responseEnd || 0),
  status: (performance.getEntriesByType("navigation")[0] || {}).responseStatus || 0,
  text: cut(document.body ? document.body.innerText : "", TEXT_MAX),
  // Which time each form would send, or "" for at once. A value that is neither leaves no page.
  sends: Object.fromEntries(Array.from(document.forms).slice(0, 20).flatMap((form) => Array.from(new FormData(form).entries()))
    .filter(([name, value]) => typeof value === "string" && name.length < 100 && (value === "" || time.test(value))).slice(0, 50)),
  beside: cut(all("body > header, body > nav, body > footer, [role=banner], [role=contentinfo]").filter(visible)
    .map((part) => part.innerText).join("\n"), BESIDE_MAX),
};

// The first control with this label, or button, link or file input with this text, that a reader can see; null if there
// is none. A file input itself is often hidden behind its label.
const [kind, name] = arguments;
const plain = (words) => (words || "").replace(/[\u00ad\u200b-\u200f\u2060\ufeff]/g, "").replace(/[‘’]/g, "'")
  .replace(/[‐‑‒–—−]/g, "-").replace(/\s+/g, " ").trim();
const visible = (node) => node.getClientRects().length > 0;
const wanted = plain(name);
if (kind === "field") {
  const controls = Array.from(document.querySelectorAll("input:not([type=hidden]), select, textarea"));
  const labels = (control) => [...(control.labels || [])].map((label) => plain(label.innerText));
  const found = controls.find((control) => visible(control)
    && (labels(control).includes(wanted) || plain(control.getAttribute("aria-label")) === wanted));
  // Only whether something is in it leaves the page.
  return found ? { found, filled: found.value !== "", origin: location.origin } : null;
}
if (kind === "file") {
  const inputs = Array.from(document.querySelectorAll("input[type=file]"));
  const labelled = inputs.find((input) => [...(input.labels || [])].some((label) => plain(label.innerText) === wanted));
  // A script may put a button of this name in front of the page's one file input, which has lost its label then.
  const fronted = Array.from(document.querySelectorAll("button, input[type=button]"))
    .some((button) => visible(button) && plain(button.innerText || button.value) === wanted);
  return labelled || (inputs.length === 1 && fronted ? inputs[0] : null);
}
if (kind === "link") {
  return Array.from(document.querySelectorAll("a[href]")).find((link) => visible(link) && plain(link.innerText) === wanted) || null;
}
const buttons = Array.from(document.querySelectorAll("button, input[type=submit], input[type=button]"));
return buttons.find((button) => visible(button) && plain(button.innerText || button.value) === wanted) || null;

// Runs before a page's own scripts, in every document: dialogs are answered with no at once, as nobody sits here, and what
// they said is kept for the snapshot. An open dialog would take what is typed and clicked meanwhile.
(() => {
  const KEPT_MAX = 5, TEXT_MAX = 300;
  // A word that the cut goes through is left out: half a secret is not known as one.
  const cut = (text) => text.length > TEXT_MAX ? text.slice(0, TEXT_MAX).replace(/\S*$/, "") + "…" : text;
  const kept = [];
  const keep = (kind) => (text) => {
    if (kept.length < KEPT_MAX) { kept.push({ kind, text: cut(String(text === undefined ? "" : text)) }); }
  };
  Object.defineProperty(window, "__dialogs", { value: kept, enumerable: false });
  window.alert = (text) => { keep("alert")(text); };
  window.confirm = (text) => { keep("confirm")(text); return false; };
  window.prompt = (text) => { keep("prompt")(text); return null; };
})();

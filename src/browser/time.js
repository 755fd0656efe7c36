// The choice of a time: perhaps a button that opens it, then days, then the times of one day, then perhaps one that confirms.
// Returns what can be clicked next towards the first time that is not before the given one: {label} of that time, or {confirm}
// once it was clicked; a {day} with its name, {back} from a day that has none, {open} the choice; {} when there is nothing.
const [notBefore, tried, choice, clicked] = arguments;
const visible = (node) => node.getClientRects().length > 0;
const plain = (words) => (words || "").replace(/\s+/g, " ").trim();
// A value that names no zone is UTC.
const moment = (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(value) ? value : value + "Z") : NaN;
const control = choice.control ? document.getElementsByName(choice.control)[0] : document.querySelector("input[type=radio]");
const form = control && control.form;
if (!form) {
  return {};
}
const buttons = Array.from(form.querySelectorAll("button, input[type=button], a[role=button], a[href]")).filter(visible);
const said = (button) => plain(button.innerText || button.value);
const button = (words) => buttons.find((one) => words.includes(said(one)));
if (clicked) {
  const confirm = button(choice.confirms);
  return confirm ? { confirm } : {};
}
const offered = Array.from(form.querySelectorAll("input[type=radio], option"))
  .filter((one) => moment(one.value) >= Date.parse(notBefore) && visible(one.closest("select") || one));
const soonest = offered.sort((a, b) => moment(a.value) - moment(b.value))[0];
if (soonest) {
  return { label: (soonest.labels && soonest.labels[0]) || soonest };
}
// A day is a button of the choice itself: it sends nothing, and is none of the words that are known.
const words = [...choice.opens, ...choice.confirms, ...choice.back];
const day = buttons.find((one) => (one.type === "button") && !words.includes(said(one)) && !tried.includes(said(one)));
if (day) {
  return { day, name: said(day) };
}
const back = button(choice.back);
if (back) {
  return { back };
}
// Once: where it stays, pressed again it closes what it has opened.
const open = button(choice.opens);
return open && !tried.includes(said(open)) ? { open, name: said(open) } : {};

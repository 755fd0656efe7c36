// The choice of a time: days first, then the times of one day. Returns what can be clicked next towards the first time
// that is not before the given one: {label} of that time, {day} to open, {done} to leave a day that has none, or {} when
// there is none. Times are naive UTC.
const [notBefore, tried] = arguments;
const visible = (node) => node.getClientRects().length > 0;
const radios = Array.from(document.querySelectorAll("input[type=radio]")).filter((radio) => radio.value && visible(radio));
const soonest = radios.filter((radio) => radio.value >= notBefore).sort((a, b) => (a.value < b.value ? -1 : 1))[0];
if (soonest) {
  return { label: (soonest.labels && soonest.labels[0]) || soonest };
}
const buttons = Array.from(document.querySelectorAll("input[type=button]")).filter(visible);
const named = (part) => buttons.filter((button) => button.className.includes(part));
const day = named("__button--category").find((button) => !tried.includes(button.value));
if (day) {
  return { day, name: day.value };
}
const back = named("__button--reset")[0] || named("__button--done")[0];
return back ? { done: back } : {};

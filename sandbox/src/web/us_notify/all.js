// The scripts of the pages that the smoke tests touch: the upload that sends itself, the choice of a time, the job
// page that asks for news. Behaviour as observed; the code is our own.
document.documentElement.classList.add("js");
document.body.classList.add("js-enabled");

// A file that was chosen is sent at once.
for (const form of document.querySelectorAll("[data-module=file-upload]")) {
  form.addEventListener("change", (event) => {
    if (event.target.classList.contains("file-upload-field")) form.submit();
  });
}

// A second press within a moment does nothing.
for (const form of document.querySelectorAll("form")) {
  let last = 0;
  form.addEventListener("submit", (event) => {
    const now = Date.now();
    if (now - last < 1500) event.preventDefault();
    last = now;
  });
}

// Days first, then the times of one day, then the one that was chosen. "Now" is always there, and is what is sent unless
// something else is checked.
for (const box of document.querySelectorAll("[data-module=radio-select]")) {
  const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const choices = [...box.querySelectorAll("label")].map((label) => {
    const input = document.getElementById(label.htmlFor);
    return { id: input.id, value: input.value, label: label.textContent.trim() };
  });
  const name = box.querySelector("input").name;
  const days = box.dataset.categories.split(",");
  let pressed = null;

  const radio = (choice, checked) => `<input class="govuk-radios__input" type="radio" id="${choice.id}" name="${name}"
    value="${escape(choice.value)}"${checked ? ' checked="checked"' : ""}>
    <label class="govuk-label govuk-radios__label" for="${choice.id}">${escape(choice.label)}</label>`;
  const column = (inner) => `<div class="radio-select__column">${inner}</div>`;
  const button = (kind, value) =>
    `<input type="button" class="govuk-button govuk-button--secondary radio-select__button--${kind}" value="${escape(value)}">`;
  const now = (checked) => column(`<div class="govuk-radios__item">${radio({ id: `${name}-0`, value: "", label: "Now" }, checked)}</div>`);
  const focus = (number) => {
    const all = box.querySelectorAll("input[type=radio]");
    if (all[number]) all[number].focus();
  };

  const showDays = () => {
    box.innerHTML = now(true) + column(days.map((day) => button("category", day)).join(""));
  };
  const showTimes = (day) => {
    const word = day.split(" ").pop().toLowerCase();
    const options = choices.filter((choice) => choice.label.toLowerCase().includes(word));
    const rows = options.map((choice) => `<div class="govuk-radios__item js-option">${radio(choice, false)}</div>`);
    box.innerHTML = now(true) + column(rows.join("") + button("done", "Done"));
    focus(1);
  };
  const showChosen = (value) => {
    const choice = choices.find((one) => one.value === value);
    box.innerHTML = now(false) + column(`<div class="govuk-radios__item">${radio(choice, true)}</div>`)
      + column(button("reset", "Choose a different time"));
    focus(1);
  };

  box.addEventListener("click", (event) => {
    const kinds = event.target.classList;
    if (kinds.contains("radio-select__button--category")) showTimes(event.target.value);
    if (kinds.contains("radio-select__button--reset")) { showDays(); focus(0); }
    if (kinds.contains("radio-select__button--done")) {
      const checked = event.target.parentNode.querySelector("input[type=radio]:checked");
      if (checked) showChosen(checked.value); else { showDays(); focus(0); }
    }
  });
  box.addEventListener("mousedown", (event) => {
    const row = event.target.closest(".js-option");
    if (row) pressed = row;
  });
  document.addEventListener("mouseup", (event) => {
    // Only on the radio or its label: beside them, "Now" stays checked.
    if (pressed && event.target.parentNode === pressed) {
      const value = pressed.querySelector("input").value;
      pressed = null;
      showChosen(value);
    }
  });
  box.addEventListener("keydown", (event) => {
    if (event.target.type === "radio" && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      showChosen(event.target.value);
    }
  });
  showDays();
}

// A job page asks for news until one answer fails; then it shows what it has, for good.
const blocks = [...document.querySelectorAll("[data-module=update-content]")].map((wrapper) => {
  const { resource, key } = wrapper.dataset;
  const shown = wrapper.firstElementChild;
  wrapper.replaceWith(shown);
  return { resource, key, shown };
});
if (blocks.length) {
  const poll = async () => {
    if (document.visibilityState === "hidden") { setTimeout(poll, 1000); return; }
    const begun = Date.now();
    try {
      const answer = await fetch(blocks[0].resource, { headers: { "X-Requested-With": "XMLHttpRequest" } });
      if (!answer.ok) return;
      const news = await answer.json();
      for (const block of blocks) {
        const holder = document.createElement("div");
        holder.innerHTML = news[block.key];
        block.shown.replaceWith(holder.firstElementChild);
        block.shown = document.querySelectorAll(".ajax-block-container")[blocks.indexOf(block)];
      }
    } catch { return; }
    setTimeout(poll, Math.max(1000, 250 * Math.sqrt(Date.now() - begun) - 1000));
  };
  setTimeout(poll, 2000);
}

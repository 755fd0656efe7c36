// Before a picture is taken: no password, no code, no typed secret may be on it.
for (const control of document.querySelectorAll("input[type=password], input[type=tel], input[autocomplete=one-time-code]")) {
  control.style.setProperty("color", "transparent", "important");
  control.style.setProperty("-webkit-text-security", "disc", "important");
}
return true;

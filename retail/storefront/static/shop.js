// The shop works without this file; it spares a click and a second order.
"use strict";

document.addEventListener("change", (event) => {
  // A changed quantity is sent at once; without a script there is the Update button.
  const form = event.target.closest("form[data-send-on-change]");
  if (form && form.reportValidity()) form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  // A second click must not send the form a second time; coming back to the page makes it usable again.
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  else if (form.method === "post") form.dataset.sent = "yes";
});

window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

// The form to request a demo: nothing is sent but the tracker's submit_form.

export function askForm(onAsked) {
  const form = document.getElementById("request-demo");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    onAsked();
    form.hidden = true;
    const thanks = document.getElementById("thanks");
    thanks.hidden = false;
    thanks.focus();
  });
}

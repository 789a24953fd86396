// An offer to whoever scores above the threshold, once, until it is dismissed.

export function createOffer(config, kept) {
  const live = document.createElement("div");
  live.setAttribute("role", "status");
  document.body.append(live);

  function show() {
    live.innerHTML = `
      <section class="offer" aria-labelledby="offer-title">
        <h2 id="offer-title">Set-up is free this week</h2>
        <p>Ask for a demo now, and we move your rounds to Larkspur.</p>
        <p class="offer-actions"></p>
      </section>`;
    const dismiss = document.createElement("button");
    dismiss.type = "button";
    dismiss.textContent = "No, thanks";
    dismiss.addEventListener("click", () => {
      kept.set("offer", "dismissed");
      live.replaceChildren();
      document.getElementById("content").focus({ preventScroll: true });
    });
    const actions = live.querySelector(".offer-actions");
    if (!document.getElementById("request-demo")) {
      const go = document.createElement("a");
      go.className = "action";
      go.href = `${config.www}/request-demo/`;
      go.textContent = "Request a demo";
      actions.append(go);
    }
    actions.append(dismiss);
  }

  return {
    consider({ score }) {
      const wanted =
        score >= config.offer_above && kept.get("offer") !== "dismissed" && kept.get("asked") !== "yes";
      if (wanted && !live.hasChildNodes()) show();
      if (kept.get("asked") === "yes") live.replaceChildren();
    },
  };
}

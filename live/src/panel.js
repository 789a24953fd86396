// The panel: what is measured, what the model saw, and what it says.

const FRAME = `
  <div class="panel-bar">
    <h2 id="panel-title">What is measured</h2>
    <p class="panel-brief"><span data-show="brief">no score yet</span></p>
    <button type="button" class="panel-toggle" aria-controls="panel-body"></button>
  </div>
  <p class="unseen" role="status" data-show="said"></p>
  <div id="panel-body" class="panel-body">
    <p class="state" data-show="state">Asking for the first score.</p>
    <p class="state" data-show="collector" hidden></p>
    <p data-retry hidden><button type="button">Try again</button></p>
    <section aria-labelledby="panel-score">
      <h3 id="panel-score">Chance of a conversion</h3>
      <p class="score"><span data-show="score">-</span> <span class="score-label" data-show="label"></span></p>
      <div class="bar" aria-hidden="true"><i data-bar></i><b data-threshold></b></div>
      <p class="note" data-show="threshold"></p>
      <div data-trail></div>
    </section>
    <section aria-labelledby="panel-reasons">
      <h3 id="panel-reasons">Why</h3>
      <ul data-reasons><li>No score yet.</li></ul>
    </section>
    <section aria-labelledby="panel-attributes">
      <h3 id="panel-attributes">Attributes</h3>
      <p class="check"><input type="checkbox" id="panel-all"><label for="panel-all">Show zeros and blanks, too</label></p>
      <table class="attributes">
        <caption class="unseen">Attributes as Signals returned them, and the features that the model saw</caption>
        <thead><tr><th scope="col">Attribute</th><th scope="col">Signals</th><th scope="col">Model</th></tr></thead>
        <tbody data-attributes></tbody>
      </table>
      <p class="note" data-show="empty">None yet.</p>
    </section>
    <section aria-labelledby="panel-about">
      <h3 id="panel-about">About this score</h3>
      <dl data-facts></dl>
    </section>
    <section aria-labelledby="panel-sent">
      <h3 id="panel-sent">Sent from this page</h3>
      <ol class="sent" data-sent reversed></ol>
      <details><summary>The last event, as it was sent</summary><pre tabindex="0" data-show="payload"></pre></details>
      <p class="note">Events go to the collector on this computer. What you write into a field is not sent.</p>
    </section>
  </div>`;

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const time = (date) => clock.format(date);
const percent = (score) => `${(100 * score).toFixed(1)}%`;
const isBlank = (value) => value === null || value === undefined || value === "" || value === 0 || value === false;

function words(value) {
  if (value === null || value === undefined) return "null";
  if (value === "") return "blank";
  if (Array.isArray(value) || typeof value === "object") return JSON.stringify(value);
  if (typeof value === "number" && !Number.isInteger(value)) return value.toFixed(2);
  return String(value);
}

/** What to say of a state without a new score. */
function trouble({ state, detail, retry_after_s }) {
  const again = retry_after_s ? ` The next attempt is in ${retry_after_s} s.` : "";
  const more = detail ? ` It says: ${detail}` : "";
  return {
    unavailable: `The API answers 503.${more || " Signals is slow or down."}${again}`,
    not_ready: `The API is not ready.${more}${again}`,
    down: `The API does not answer.${more} The page goes on asking.`,
    refused: `The API refused the request.${more}`,
    no_visitor: "There is no domain_userid: this browser keeps no cookies of the site.",
    stopped: "The site's server is gone. Start make live again, then try again.",
  }[state];
}

function element(name, text, attributes = {}) {
  const out = document.createElement(name);
  out.textContent = text;
  for (const [key, value] of Object.entries(attributes)) out.setAttribute(key, value);
  return out;
}

/** Put the panel into the page; returns what it can be told. */
export function createPanel(config, kept) {
  const panel = document.createElement("aside");
  panel.className = "panel";
  panel.setAttribute("aria-labelledby", "panel-title");
  panel.innerHTML = FRAME;
  document.querySelector("main").after(panel);
  const find = (selector) => panel.querySelector(selector);
  const say = (name, text) => {
    const place = find(`[data-show="${name}"]`);
    if (place.textContent !== text) place.textContent = text;
  };

  const toggle = find(".panel-toggle");
  const narrow = matchMedia("(max-width: 899px)");
  function open(isOpen) {
    document.documentElement.classList.toggle("panel-open", isOpen);
    find(".panel-body").hidden = !isOpen;
    toggle.setAttribute("aria-expanded", String(isOpen));
    toggle.innerHTML = `${isOpen ? "Hide" : "Show"}<span class="unseen"> what is measured</span>`;
  }
  open(kept.get("panel") ? kept.get("panel") === "open" : !narrow.matches);
  toggle.addEventListener("click", () => {
    const isOpen = toggle.getAttribute("aria-expanded") !== "true";
    kept.set("panel", isOpen ? "open" : "closed");
    open(isOpen);
  });

  find("[data-threshold]").style.left = `${100 * Math.min(1, config.offer_above)}%`;
  say("threshold", `The offer appears from ${percent(config.offer_above)} on (the mark).`);

  let last = null; // the last prediction shown
  let shownAt = null;
  const all = find("#panel-all");
  all.addEventListener("change", () => last && attributes(last, {}));

  function attributes({ signals, scoring_attributes: saw }, before) {
    const names = [...new Set([...Object.keys(saw), ...Object.keys(signals)])];
    const rows = names
      .filter((name) => all.checked || !isBlank(signals[name]) || !isBlank(saw[name]))
      .map((name) => {
        const row = document.createElement("tr");
        const changed =
          before.scoring_attributes && words(before.scoring_attributes[name]) !== words(saw[name]);
        if (changed) row.className = "changed";
        const head = element("th", "", { scope: "row" });
        // A name may break after each underscore.
        head.append(...name.split("_").flatMap((part, at) => (at ? ["_", document.createElement("wbr"), part] : [part])));
        if (changed) head.append(element("span", " (changed)", { class: "unseen" }));
        const given = name in signals ? words(signals[name]) : "not asked";
        row.append(head, element("td", given), element("td", name in saw ? words(saw[name]) : "not used"));
        return row;
      });
    find("[data-attributes]").replaceChildren(...rows);
    find(".attributes").hidden = rows.length === 0;
    find('[data-show="empty"]').hidden = rows.length > 0;
  }

  function facts(prediction) {
    const rows = {
      Model: `${prediction.model_name} ${prediction.model_version}`,
      Known: prediction.known ? "yes" : "no: Signals has no event of this visitor yet",
      Warm: prediction.warm ? "yes" : "no: the longest window has not passed since publishing",
      Stale: prediction.stale ? "yes: Signals did not answer, this is the last known score" : "no",
      "As of": time(new Date(prediction.as_of)),
    };
    find("[data-facts]").replaceChildren(
      ...Object.entries(rows).map(([name, value]) => {
        const pair = document.createElement("div");
        pair.append(element("dt", name), element("dd", value, { "data-fact": name.toLowerCase() }));
        return pair;
      }),
    );
  }

  function trail(score) {
    const scores = kept.get("trail").split(" ").filter(Boolean).map(Number);
    if (scores.at(-1) !== Number(score.toFixed(4))) scores.push(Number(score.toFixed(4)));
    const recent = scores.slice(-30);
    kept.set("trail", recent.join(" "));
    if (recent.length < 2) return;
    const most = Math.max(...recent, config.offer_above);
    const points = recent.map((s, at) => `${(300 * at) / (recent.length - 1)},${38 - (36 * s) / most}`);
    const from = percent(recent[0]);
    find("[data-trail]").innerHTML = `
      <svg class="trail" viewBox="0 0 300 40" role="img" aria-label="The score went from ${from} to ${percent(score)}">
        <polyline points="${points.join(" ")}"/></svg>
      <p class="note">From ${from} to ${percent(score)}, since you came.</p>`;
  }

  return {
    show(answer) {
      panel.dataset.state = answer.state;
      find("[data-retry]").hidden = answer.state !== "stopped";
      if (answer.state !== "scored") {
        const told = trouble(answer);
        say("state", last ? `${told} Below is the score of ${time(shownAt)}.` : told);
        say("said", told);
        say("brief", last ? `${percent(last.score)}, not updated` : "no score");
        return;
      }
      const prediction = answer.prediction;
      const { score, label, decile, reasons } = prediction;
      const brief = `${percent(score)}, ${label}`;
      shownAt = new Date();
      say("state", `Updated at ${time(shownAt)}. Asked every ${config.refresh_s} s, and after each event.`);
      say("brief", brief);
      say("score", percent(score));
      say("label", decile ? `${label}, decile ${decile} of 10` : label);
      say("said", `Score ${brief}`); // is only read out if it changed
      find("[data-bar]").style.width = `${100 * score}%`;
      panel.dataset.label = label;
      facts(prediction);
      const told = reasons.length ? reasons : ["Nothing raises it so far."];
      find("[data-reasons]").replaceChildren(...told.map((reason) => element("li", reason)));
      attributes(prediction, last ?? {});
      trail(score);
      last = prediction;
    },
    sent(name, payload) {
      const list = find("[data-sent]");
      list.prepend(element("li", `${name} at ${time(new Date())}`));
      if (list.children.length > 6) list.lastChild.remove();
      say("payload", JSON.stringify(payload, null, 2));
    },
    collector(words) {
      const place = find('[data-show="collector"]');
      place.hidden = !words;
      place.textContent = words && `The collector did not take the last event: ${words}.`;
    },
    onRetry(action) {
      find("[data-retry] button").addEventListener("click", action);
    },
  };
}

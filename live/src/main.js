import { askForm } from "./form.js";
import { memory, sharedDomain } from "./memory.js";
import { createOffer } from "./offer.js";
import { createPanel } from "./panel.js";
import { ask } from "./predict.js";
import { startTracker } from "./tracker.js";

const config = JSON.parse(document.getElementById("config").textContent);
const domain = sharedDomain(config.site);
const kept = memory(domain);
const panel = createPanel(config, kept);
const offer = createOffer(config, kept);

let asking = false;
let askAgain = false;
let timer;

/** Ask for a score now, and then every few seconds; never two requests at a time. */
async function refresh() {
  if (asking) {
    askAgain = true;
    return;
  }
  asking = true;
  clearTimeout(timer);
  const answer = await ask(visitor());
  panel.show(answer);
  if (answer.state === "scored") offer.consider(answer.prediction);
  asking = false;
  if (answer.state === "stopped") return; // asking a server that is gone fills the console
  if (askAgain) {
    askAgain = false;
    timer = setTimeout(refresh, 300);
  } else {
    timer = setTimeout(refresh, 1000 * Math.max(config.refresh_s, answer.retry_after_s ?? 0));
  }
}

const visitor = startTracker(config, domain, {
  onEvent: (name, payload) => panel.sent(name, payload),
  onTaken: () => {
    panel.collector("");
    refresh();
  },
  onRefused: (words) => panel.collector(words),
});
panel.onRetry(refresh);
askForm(() => kept.set("asked", "yes"));
refresh();

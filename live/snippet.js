// Scores in the console of any page with a Snowplow tracker. Paste all of it, or keep it as a snippet
// of your browser's developer tools. `cdp.stop()` ends it, `cdp.now()` asks at once.
// Another API: run `CDP_API = "https://..."` first. It has to allow this page's origin.
globalThis.cdp?.stop?.();
globalThis.cdp = await (async () => {
  const api = globalThis.CDP_API ?? "http://127.0.0.1:8000";
  const every = 10_000;

  // The tracker keeps the visitor's id first in its cookie `_sp_id.<hash>`, or under the same name in
  // localStorage. Trackers that were loaded by a tag can be asked, whatever their cookie is called.
  function fromStorage() {
    const cookie = document.cookie.split("; ").find((pair) => pair.startsWith("_sp_id."));
    if (cookie) return cookie.slice(cookie.indexOf("=") + 1).split(".")[0];
    try {
      const key = Object.keys(localStorage).find((name) => name.startsWith("_sp_id."));
      return key ? localStorage[key].split(".")[0] : "";
    } catch {
      return ""; // storage is blocked
    }
  }
  function fromTag() {
    const names = globalThis.GlobalSnowplowNamespace ?? ["snowplow"];
    const tag = names.map((name) => globalThis[name]).find((found) => typeof found === "function");
    if (!tag) return Promise.resolve("");
    return new Promise((answer) => {
      setTimeout(() => answer(""), 1000);
      tag(function () {
        answer(Object.values(this)[0]?.getDomainUserId?.() ?? "");
      });
    });
  }

  let shown = "";
  let asked = 0;
  let page = location.href;

  async function now() {
    asked = Date.now();
    page = location.href;
    const domain_userid = (await fromTag()) || fromStorage();
    if (!domain_userid) {
      console.warn("cdp: no domain_userid. Is there a Snowplow tracker, and may it keep cookies?");
      return;
    }
    let response;
    try {
      response = await fetch(`${api}/predict`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ domain_userid }),
      });
    } catch {
      console.warn(`cdp: ${api} did not answer. Is it running, does it allow the origin ${location.origin}, and does the page's Content-Security-Policy allow connections to it?`);
      return;
    }
    if (!response.ok) {
      const wait = response.headers.get("Retry-After");
      console.warn(`cdp: ${api} answered ${response.status}${wait ? `; try again in ${wait} s` : ""}: ${await response.text()}`);
      return;
    }
    const p = await response.json();
    const { as_of, ...same } = p;
    if (JSON.stringify(same) === shown) return; // nothing new
    shown = JSON.stringify(same);
    const flags = [!p.known && "not known to Signals yet", !p.warm && "not warm", p.stale && "stale"];
    console.log(
      `cdp: ${(100 * p.score).toFixed(1)}%, ${p.label}, decile ${p.decile}, as of ${as_of}\n` +
        [`${p.model_name} ${p.model_version}`, ...flags.filter(Boolean)].join(", "),
    );
    const names = [...new Set([...Object.keys(p.scoring_attributes), ...Object.keys(p.signals)])];
    console.table(
      Object.fromEntries(
        names.map((name) => [name, { signals: p.signals[name], model: p.scoring_attributes[name] }]),
      ),
    );
    console.log(p.reasons.join("\n") || "Nothing raises the score yet.");
  }

  const timer = setInterval(() => {
    if (location.href !== page || Date.now() - asked >= every) now();
  }, 1000);
  await now();
  return { now, stop: () => clearInterval(timer) };
})();

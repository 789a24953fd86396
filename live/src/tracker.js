// The Snowplow tracker as a site would set it up.
import {
  enableActivityTracking,
  newTracker,
  trackPageView,
} from "@snowplow/browser-tracker";
import { enableFormTracking, FormTrackingPlugin } from "@snowplow/browser-plugin-form-tracking";
import {
  enableLinkClickTracking,
  LinkClickTrackingPlugin,
} from "@snowplow/browser-plugin-link-click-tracking";

const NAMES = { pv: "page_view", pp: "page_ping" };

/** Name of an event as the warehouse will call it. */
function nameOf(payload) {
  if (NAMES[payload.e]) return NAMES[payload.e];
  const schema = payload.ue_pr && JSON.parse(payload.ue_pr).data.schema;
  return schema ? schema.split("/")[1] : payload.e;
}

/**
 * Start the tracker; its events go to the collector that the configuration names.
 *
 * onEvent(name, payload): an event was made. onTaken(): the collector took events.
 * onRefused(words): it did not. Returns the visitor's domain_userid as a function.
 */
export function startTracker(config, cookieDomain, { onEvent, onTaken, onRefused }) {
  const watch = { afterTrack: (payload) => onEvent(nameOf(payload), payload) };
  const tracker = newTracker("live", config.collector, {
    appId: location.hostname.startsWith("docs.") ? "docs" : "website",
    cookieDomain,
    cookieSameSite: "Lax",
    cookieSecure: location.protocol === "https:",
    contexts: { webPage: true },
    encodeBase64: false,
    eventMethod: "post",
    postPath: config.post_path,
    plugins: [FormTrackingPlugin(), LinkClickTrackingPlugin(), watch],
    onRequestSuccess: onTaken,
    onRequestFailure: ({ status, message }) => onRefused(status ? `it answered ${status}` : message),
  });
  enableActivityTracking({
    minimumVisitLength: config.min_visit_length_s,
    heartbeatDelay: config.heartbeat_s,
  });
  trackPageView();
  enableLinkClickTracking();
  enableFormTracking({
    options: {
      // Forms of the panel are not the visitor's business with the site.
      forms: { filter: (form) => "tracked" in form.dataset },
      // What people write is personal data: which field was used is enough.
      fields: { filter: () => true, transform: () => null },
    },
  });
  return () => tracker.getDomainUserId();
}

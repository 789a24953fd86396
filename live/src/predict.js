// The site's own server passes /predict on to the API, as a site does that keeps the API's key to
// itself. It answers 200 whatever the API says, and puts that into `state`: a browser writes every
// other status to the console as an error of the page.

/**
 * Ask for a visitor's score.
 *
 * Returns {state, prediction?, detail?, retry_after_s?}; state is one of scored, unavailable,
 * not_ready, down, refused, no_visitor, stopped.
 */
export async function ask(domain_userid) {
  if (!domain_userid) return { state: "no_visitor" };
  try {
    const response = await fetch("/predict", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ domain_userid }),
    });
    return await response.json();
  } catch {
    return { state: "stopped" };
  }
}

// What the panel remembers until the browser closes. Cookies, because www and docs share them and
// sessionStorage would keep them apart.

/** The domain whose cookies www and docs share; undefined if the site was opened by its address. */
export function sharedDomain(site) {
  return location.hostname.endsWith(`.${site}`) ? `.${site}` : undefined;
}

export function memory(domain) {
  const tail = `; Path=/; SameSite=Lax${domain ? `; Domain=${domain}` : ""}`;
  return {
    get(name) {
      const found = document.cookie.split("; ").find((pair) => pair.startsWith(`live_${name}=`));
      return found ? decodeURIComponent(found.split("=")[1]) : "";
    },
    set(name, value) {
      document.cookie = `live_${name}=${encodeURIComponent(value)}${tail}`;
    },
  };
}

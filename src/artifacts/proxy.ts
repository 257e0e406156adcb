/** The proxy that the environment names for a URL, as curl understands it; undefined for none. */
export function proxyFor(url: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { protocol, hostname, port } = new URL(url);
  const scheme = protocol.slice(0, -1);
  const proxy = value(env, `${scheme}_proxy`) ?? value(env, "all_proxy");
  if (proxy === undefined || isDirect(hostname, port || (scheme === "https" ? "443" : "80"), value(env, "no_proxy") ?? "")) return undefined;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

/** Lower case is stronger. An empty one is none. */
function value(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return env[name] || env[name.toUpperCase()] || undefined;
}

/** Whether `no_proxy` names a host: `*`, the host, a domain that it is in, each with or without a port. */
function isDirect(host: string, port: string, list: string): boolean {
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === "*") return true;
    const [, name = "", only] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
    if (name === "" || (only !== undefined && only !== port)) return false;
    const domain = name.replace(/^\*?\./, "").toLowerCase();
    return host === domain || host.endsWith(`.${domain}`);
  });
}

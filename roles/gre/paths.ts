/** Where the role keeps what it has written. */
export const FOLDER = "/etc/hawser/gre";
export const SCRIPT = `${FOLDER}/links.sh`;
export const CONF = `${FOLDER}/links.conf`;

/** Names of the firewall rules that drop clear GRE. */
export const CLEAR_RULES = ["gre-clear-in", "gre-clear-out"] as const;

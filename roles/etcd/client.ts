import { sh, type Sh } from "hawser";
import { CERTIFICATE, KEY, OPT, TRUSTED } from "./paths.ts";
import type { Vars } from "./vars.ts";

/** This host's own member. */
export const ownEndpoint = ({ client_port }: Vars): Sh => sh`${`https://127.0.0.1:${client_port}`}`;

/** The words that ask members as this host, before those of what is asked. */
export const etcdctl = (endpoints: Sh): Sh => sh`ETCDCTL_API=3 PATH=${OPT}:$PATH etcdctl --endpoints ${endpoints} --cacert ${TRUSTED} --cert ${CERTIFICATE} --key ${KEY} --command-timeout 5s`;

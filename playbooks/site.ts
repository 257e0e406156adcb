import { playbook } from "hawser";
import data from "./data.ts";
import network from "./network.ts";

/** Everything, in the order in which it is needed. */
export default playbook(import.meta, [network, data]);

import { playbook } from "hawser";
import ca from "./ca.ts";
import consulVault from "./consul-vault.ts";
import data from "./data.ts";
import envoy from "./envoy.ts";
import minio from "./minio.ts";
import monitoring from "./monitoring.ts";
import network from "./network.ts";
import swarm from "./swarm.ts";

/** Everything, in the order in which it is needed: the regions' link, who certifies, configuration and secrets, what keeps data, what runs, and who watches. */
export default playbook(import.meta, [network, ca, consulVault, data, minio, swarm, envoy, monitoring]);

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { defineInventory, type InventoryGroupSource } from "hawser";

/** What `npm run artifacts` writes down of each server that it has obtained. */
type Obtained = Readonly<Record<string, { readonly file: string; readonly sha256: string }>>;

const BOTH_REGIONS = { la: null, sg: null };
const POLICY = 'path "kv/data/app/*" { capabilities = ["create", "read", "update"] }';

/**
 * The servers that no distribution packages. They are artifacts, and `npm run artifacts` obtains them: a group whose server is not
 * there is empty, and its play has nothing to do.
 */
export default defineInventory(({ env }) => {
  const cache = path.join(env["XDG_CACHE_HOME"] || path.join(homedir(), ".cache"), "hawser");
  const folder = path.join(cache, "artifacts");
  const kernels = existsSync(path.join(cache, "lab/kernels")) ? readdirSync(path.join(cache, "lab/kernels")) : [];
  const index = path.join(folder, "index.json");
  const obtained = existsSync(index) ? (JSON.parse(readFileSync(index, "utf8")) as Obtained) : {};
  const artifact = (name: string) => {
    const { file = "", sha256 = "" } = obtained[name] ?? {};
    return { file: path.join(folder, file), sha256 };
  };
  const where = (servers: readonly string[], group: InventoryGroupSource): InventoryGroupSource => (servers.every((name) => name in obtained) ? group : {});

  // Lab hosts take turns on this machine's processors, and a leader that raft hears nothing of for half a second has lost the lead.
  const vault = {
    artifact: artifact("openbao"),
    performance_multiplier: 5,
    policies: { app: POLICY },
    auth: { userpass: { type: "userpass" } },
    secrets: { kv: { type: "kv", options: { version: "2" } } },
  };
  const mesh: InventoryGroupSource = {
    vars: {
      envoy: {
        artifact: artifact("envoy"),
        services: { echo: { port: 15_051, targets: ["127.0.0.1:50051"], idempotent: true } },
      },
      echo: { through: "127.0.0.1:15051" },
    },
    children: BOTH_REGIONS,
  };
  return {
    objects: where(["seaweedfs"], {
      vars: {
        minio: {
          artifact: artifact("seaweedfs"),
          clients: ["10.10.0.0/24", "10.20.0.0/24"],
          buckets: [{ name: "photos" }],
          users: [{ name: "app", buckets: { photos: "read-write" } }],
        },
      },
      children: BOTH_REGIONS,
    }),
    // Envoy's allocator wants addresses of 48 bits: hosts have them with the kernel of `hawser lab kernel`, and where they share this machine's.
    mesh: kernels.some((name) => /^\d/.test(name)) || env["LAB_MESH"] === "yes" ? where(["envoy"], mesh) : {},
    consul_vault: where(["consul", "openbao"], {
      children: {
        consul_regions: {
          vars: { "consul-vault": { consul: { artifact: artifact("consul"), raft_multiplier: 5 }, vault } },
          children: BOTH_REGIONS,
        },
        // The third voter; a datacenter of Consul's is a region that has hosts to serve.
        consul_witness: { vars: { "consul-vault": { vault } }, children: { witness: null } },
      },
    }),
  };
});

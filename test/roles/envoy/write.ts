/** Writes bootstrap.yaml anew, for whoever has changed on purpose what is generated: look at its diff. */
import { writeFileSync } from "node:fs";
import { yamlText } from "../../../src/index.ts";
import { bootstrapOf } from "../../../roles/envoy/bootstrap.ts";
import { LA, SG } from "./fixture.ts";

writeFileSync(new URL("bootstrap.yaml", import.meta.url), yamlText(bootstrapOf(LA, [SG]), "Written by write.ts: what role envoy generates for la-1 of two regions."));

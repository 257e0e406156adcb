import { defineConfig } from "hawser";

export default defineConfig({
  inventory: "inventory/lab",
  diff: true,
});

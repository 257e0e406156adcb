/** Installs what lab hosts need on Debian and Ubuntu, when it is missing. */
import { installPrerequisites } from "../src/lab/index.ts";

await installPrerequisites();

import { hasCommand, tryRun } from "./run.ts";

/** Why no Docker engine can be used here, or undefined when one answers. DOCKER_HOST and docker's contexts apply. */
export async function engineFault(): Promise<string | undefined> {
  if (!(await hasCommand("docker"))) return "the docker command is not installed";
  const { code } = await tryRun(["docker", "version", "--format", "{{.Server.Version}}"]);
  return code === 0 ? undefined : "no Docker engine answers";
}

import { Option, type Command } from "commander";
import { colors, place } from "../report/index.ts";
import { wantsColor } from "./color.ts";
import { configInForce, placed, VARIABLES } from "./config/apply.ts";
import { CONFIG_NAME, CONFIG_SCHEMA } from "./config/file.ts";
import { table } from "./inventory.ts";

const HELP = `
Examples:
  hawser config
  hawser config -o json | jq -r .inventory.value`;

type SettingValue = string | number | boolean | null | readonly string[];

/** A setting in force. */
interface Setting {
  readonly value: SettingValue;
  /** An environment variable, a place in the configuration, or `default`. */
  readonly from: string;
}

export function configCommand(program: Command): void {
  program
    .command("config")
    .description(`show the defaults in force, and whether the environment, ${CONFIG_NAME} or hawser itself says so`)
    .addOption(new Option("-o, --output <format>", "how to report").choices(["human", "json"]).default("human"))
    .addHelpText("after", HELP)
    .action((flags: { output: "human" | "json" }) => {
      const settings = Object.keys(CONFIG_SCHEMA.shape).map((key) => [key, settingOf(program, key)] as const);
      if (flags.output === "json") {
        process.stdout.write(`${JSON.stringify(Object.fromEntries(settings), undefined, 2)}\n`);
        return;
      }
      const { dim } = colors(wantsColor(process.stdout));
      const [title = "", ...rows] = table([["SETTING", "VALUE", "FROM"], ...settings.map(([key, { value, from }]) => [key, shown(value), from])]);
      process.stdout.write(`${dim(title)}\n${rows.join("\n")}\n`);
    });
}

/** As `hawser run` has it; a setting that is no option of a run is an environment variable. */
function settingOf(program: Command, key: string): Setting {
  const option = program.commands.find((each) => each.name() === "run")?.options.find((each) => each.attributeName() === key);
  const variable = VARIABLES.get(key) ?? option?.envVar;
  const config = configInForce();
  const said = config?.values[key];
  const fromConfig: Setting | undefined = config && said !== undefined ? { value: placed(config, key, said) as SettingValue, from: place(config.at(key), process.cwd()) } : undefined;
  const inForce = variable === undefined ? undefined : process.env[variable];
  // What the configuration brought into the environment is not the environment's.
  if (inForce !== undefined && inForce !== String(fromConfig?.value)) return { value: inForce, from: variable ?? "" };
  return fromConfig ?? { value: option?.negate ? true : ((option?.defaultValue ?? null) as SettingValue), from: "default" };
}

function shown(value: SettingValue): string {
  if (value === null) return "-";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

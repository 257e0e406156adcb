import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable, Writable } from "node:stream";

const PROGRAMS = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium", "/usr/bin/google-chrome"];

/** Why a browser's tests cannot run here, or false. */
export const noBrowser = (): string | false => (PROGRAMS.some((file) => existsSync(file)) ? false : "there is no chromium (Debian: apt-get install chromium)");

interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** How long one answer may take. Milliseconds. */
const PATIENCE = 30_000;

/**
 * A real browser, spoken to with the DevTools protocol over pipes: no port that others could reach. The protocol is small enough that
 * a library for it (puppeteer: 25 MB of packages) would only be in the way.
 */
export class Browser {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #listeners = new Set<(message: Message) => void>();
  #next = 0;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    let held = "";
    (child.stdio[4] as Readable).setEncoding("utf8").on("data", (text: string) => {
      const messages = (held + text).split("\0");
      held = messages.pop() ?? "";
      for (const each of messages) this.#take(JSON.parse(each) as Message);
    });
    // It may be gone before the last command is written.
    (child.stdio[3] as Writable).on("error", () => {});
  }

  static async start(): Promise<Browser> {
    const program = PROGRAMS.find((file) => existsSync(file));
    if (program === undefined) throw new Error("no browser");
    const folder = await mkdtemp(path.join(tmpdir(), "hawser-browser-"));
    const child = spawn(program, ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe", `--user-data-dir=${folder}`], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], env: { ...process.env, HOME: folder } });
    return new Browser(child, folder);
  }

  async open(url: string, size: { readonly width: number; readonly height: number } = { width: 1280, height: 900 }): Promise<Page> {
    const { targetId } = await this.send<{ targetId: string }>("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send<{ sessionId: string }>("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, sessionId);
    await page.begin(url, size);
    return page;
  }

  /** @throws Error what the browser answered instead, or when it does not answer */
  async send<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    this.#next += 1;
    const id = this.#next;
    const answer = new Promise<Message>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the browser does not answer ${method}`)), PATIENCE);
      this.#waiting.set(id, (message) => {
        clearTimeout(timer);
        resolve(message);
      });
    });
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`);
    const { result, error } = await answer;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result as T;
  }

  listen(listener: (message: Message) => void): void {
    this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    const ended = this.#child.exitCode === null ? once(this.#child, "exit") : Promise.resolve();
    void this.send("Browser.close").catch(() => {});
    const killer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(killer);
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  #take(message: Message): void {
    if (message.id === undefined) {
      for (const listener of this.#listeners) listener(message);
      return;
    }
    this.#waiting.get(message.id)?.(message);
    this.#waiting.delete(message.id);
  }
}

/** A tab. */
export class Page {
  /** What the page complained of: exceptions, errors on the console, refused and failed loads. */
  readonly errors: string[] = [];
  readonly #browser: Browser;
  readonly #session: string;

  constructor(browser: Browser, session: string) {
    this.#browser = browser;
    this.#session = session;
  }

  async begin(url: string, { width, height }: { readonly width: number; readonly height: number }): Promise<void> {
    let loaded = (): void => {};
    const load = new Promise<void>((resolve) => (loaded = resolve));
    this.#browser.listen(({ sessionId, method, params }) => {
      if (sessionId !== this.#session) return;
      if (method === "Page.loadEventFired") loaded();
      if (method === "Runtime.exceptionThrown" || (method === "Log.entryAdded" && (params as { entry: { level: string } }).entry.level === "error") || (method === "Runtime.consoleAPICalled" && (params as { type: string }).type === "error")) this.errors.push(JSON.stringify(params));
    });
    for (const domain of ["Page", "Runtime", "Log", "Accessibility"]) await this.send(`${domain}.enable`);
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
    await this.send("Page.navigate", { url });
    await load;
  }

  async send<T>(method: string, params: object = {}): Promise<T> {
    return await this.#browser.send<T>(method, params, this.#session);
  }

  /** The value of an expression in the page, as JSON can hold it. @throws what it throws */
  async eval<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send<{ result: { value: T }; exceptionDetails?: { text: string; exception?: { description?: string } } }>("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Presses a key as a person would: a character, or a name such as `Enter`. */
  async press(key: string): Promise<void> {
    const codes: Readonly<Record<string, number>> = { Enter: 13, Escape: 27, Tab: 9, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40 };
    const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
    await this.send("Input.dispatchKeyEvent", { type: text === undefined ? "rawKeyDown" : "keyDown", key, ...(codes[key] !== undefined && { windowsVirtualKeyCode: codes[key] }), ...(text !== undefined && { text }) });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", key });
  }

  async type(text: string): Promise<void> {
    await this.send("Input.insertText", { text });
  }

  /** Shows it as on a dark or light screen, or as it prints. */
  async media(features: { readonly scheme?: "dark" | "light"; readonly print?: boolean }): Promise<void> {
    await this.send("Emulation.setEmulatedMedia", { media: features.print === true ? "print" : "screen", features: [{ name: "prefers-color-scheme", value: features.scheme ?? "light" }] });
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.send<{ data: string }>("Page.captureScreenshot", { format: "png" });
    return Buffer.from(data, "base64");
  }

  async pdf(): Promise<Buffer> {
    const { data } = await this.send<{ data: string }>("Page.printToPDF", { printBackground: false });
    return Buffer.from(data, "base64");
  }
}

export { FirstThatAnswers } from "./fallback.ts";
export { Prometheus, type PrometheusOptions, type Source } from "./prometheus.ts";
export { serve, type Served, type ServeOptions } from "./serve.ts";

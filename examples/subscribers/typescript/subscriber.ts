// Prints every OrderReport of Alertwire's gateway, and says when some were missed.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { Subscriber } from "zeromq";

interface Report {
  schema_version: number;
  gateway_id: string;
  number: string;
  order_ref: string;
  side: string;
  state: string;
  detail: string;
  instrument?: { symbol: string };
  quantity?: { value: string };
  filled?: { value: string };
}

// The contract is read as it is; node_modules/protobufjs-cli makes static code of it instead.
const proto = process.env.ALERTWIRE_PROTO ?? join(dirname(fileURLToPath(import.meta.url)), "../../../../proto");
const schema = new protobuf.Root();
schema.resolvePath = (_origin, target) => (target.startsWith("google/") ? target : join(proto, target));
const OrderReport = (await schema.load("alertwire/v1/report.proto", { keepCase: true })).lookupType("alertwire.v1.OrderReport");

const subscriber = new Subscriber();
subscriber.subscribe();
// With a key it speaks CURVE: alertwire keys new subscriber; alertwire keys allow subscriber.
const keys = join(process.env.ALERTWIRE_HOME ?? "var", "keys", "bus");
if (existsSync(join(keys, "subscriber.key_secret"))) {
  const read = (name: string) => readFileSync(join(keys, name), "ascii").trim();
  subscriber.curveServerKey = read("gateway.key");
  subscriber.curvePublicKey = read("subscriber.key");
  subscriber.curveSecretKey = read("subscriber.key_secret");
}
subscriber.connect(process.env.ALERTWIRE_REPORTS_ENDPOINT ?? "tcp://127.0.0.1:5558");

const next = new Map<string, bigint>(); // by gateway: a restarted one counts from 1 again
for await (const [frame] of subscriber) {
  let report: Report;
  try {
    const options = { longs: String, enums: String, defaults: true };
    report = OrderReport.toObject(OrderReport.decode(frame), options) as Report;
  } catch {
    console.error(`not an OrderReport: ${frame.length} bytes`);
    continue;
  }
  if (report.schema_version !== 1) continue;
  const number = BigInt(report.number);
  const expected = next.get(report.gateway_id) ?? number;
  if (number !== expected) console.error(`missed ${expected} to ${number - 1n}: see alertwire orders`);
  next.set(report.gateway_id, number + 1n);
  console.log(report.number, report.order_ref, report.side, report.filled?.value ?? "0", "of", report.quantity?.value, report.instrument?.symbol, report.state, report.detail);
}
